import type { Config } from '../../../config.ts';
import { commonErrors } from '../../../errors.ts';
import { configuredProviders } from './configured-providers.ts';
import type { Provider } from './provider.ts';

/**
 * The provider with this id.
 * @throws AuthError not_found when it is not configured
 * @throws AuthError misconfigured for one that is configured in part, or wrongly
 */
export function findProvider(config: Config, id: string): Provider {
  const { usable, broken } = configuredProviders(config);
  const provider = usable.find((candidate) => candidate.id === id);
  if (provider !== undefined) return provider;
  const variables = broken.find((candidate) => candidate.id === id)?.variables;
  if (variables !== undefined) throw commonErrors.misconfigured({ internal: { variables } });
  throw commonErrors.not_found();
}

/** The URI to which a provider sends people back: of the configuration alone, never of a request (OAU-11). */
export function callbackUri({ baseUrl }: Pick<Config, 'baseUrl'>, { id }: Provider): string {
  return `${baseUrl}/api/auth/oauth/${id}/callback`;
}
