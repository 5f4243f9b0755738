import { calculatePKCECodeChallenge } from 'oauth4webapi';
import type { Deps } from '../../../deps.ts';
import { createProviderClient } from '../outbound/provider-client.ts';
import { providerFailure } from '../provider-failure.ts';
import { callbackUri } from '../providers/find-provider.ts';
import type { Provider } from '../providers/provider.ts';
import { randomText, type SealedVisit, sealVisit, type Visit } from './visit.ts';

/** A visit to a provider that is to begin. */
export interface Departure {
  readonly provider: Provider;
  readonly purpose: Visit['purpose'];
  /** Checked. */
  readonly redirectTo: string;
  readonly devices?: Visit['devices'] | undefined;
  /** The address that the provider may fill in. */
  readonly loginHint?: string | undefined;
}

/** Where the browser goes, and what its cookie keeps meanwhile. */
export interface BegunVisit {
  readonly url: string;
  readonly sealedVisit: SealedVisit;
}

/**
 * Begins a visit to a provider: state, nonce and PKCE are new for each, and exist in the sealed cookie alone. It
 * writes no row, whoever asks: what a stranger can begin costs nothing. Round trips: 0.
 * @throws AuthError provider_error
 */
export async function beginVisit(
  deps: Deps,
  { provider, purpose, redirectTo, devices, loginHint }: Departure,
): Promise<BegunVisit> {
  const { config, keyring, now } = deps;
  const [nonce, verifier] = [randomText(), randomText()];
  const sealedVisit = await sealVisit(keyring, {
    ...{ providerId: provider.id, startedAt: Math.floor(now() / 1000), nonce, verifier, redirectTo, purpose },
    ...(devices !== undefined && { devices }),
  });
  const url = new URL(await authorizationEndpoint(deps, provider));
  const parameters = {
    ...{ client_id: provider.clientId, response_type: 'code', redirect_uri: callbackUri(config, provider) },
    ...{ scope: provider.scope, state: sealedVisit.state, nonce },
    ...{ code_challenge: await calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' },
    ...(provider.responseMode === 'form_post' && { response_mode: 'form_post' }),
    // Asked for at once: a session at the provider from before proves nothing (OpenID Connect Core section 3.1.2.1).
    ...(purpose.kind === 'reauthenticate' && { prompt: 'login', max_age: '0' }),
    ...(loginHint !== undefined && { login_hint: loginHint }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return { url: url.href, sealedVisit };
}

async function authorizationEndpoint({ config }: Deps, provider: Provider): Promise<string> {
  try {
    const server = await provider.server(createProviderClient(config.isDevelopment));
    return server.authorization_endpoint ?? '';
  } catch (error) {
    throw providerFailure(provider, error);
  }
}
