import type { Config, ProviderValues } from '../../../config.ts';
import { apple } from './apple.ts';
import { github } from './github.ts';
import { google } from './google.ts';
import { microsoft } from './microsoft.ts';
import { openId } from './open-id.ts';
import { OpenIdSettings } from './open-id-settings.ts';
import type { ClientCredentials, Provider } from './provider.ts';

/** A provider that is configured in part, or wrongly: it alone is off (OAU-18). */
export interface BrokenProvider {
  readonly id: string;
  /** The names of the variables that are missing or wrong. */
  readonly variables: readonly string[];
}

/** The providers of a deployment, in the order in which they are offered. */
export interface ConfiguredProviders {
  readonly usable: readonly Provider[];
  readonly broken: readonly BrokenProvider[];
}

const known = new WeakMap<ProviderValues, ConfiguredProviders>();

/** The providers that the configuration describes. A wrong one disables itself and no other. */
export function configuredProviders({ providers, isDevelopment }: Config): ConfiguredProviders {
  const found = known.get(providers) ?? readProviders(providers, isDevelopment);
  known.set(providers, found);
  return found;
}

function readProviders(values: ProviderValues, isDevelopment: boolean): ConfiguredProviders {
  const { googleId, googleSecret, githubId, githubSecret, microsoftId, microsoftSecret } = values;
  const builtIn = [
    readBySecret('google', googleId, googleSecret, google),
    readBySecret('github', githubId, githubSecret, github),
    readBySecret('microsoft', microsoftId, microsoftSecret, (credentials) => {
      const provider = microsoft(credentials, values.microsoftTenant);
      return provider ?? { id: 'microsoft', variables: ['MICROSOFT_TENANT'] };
    }),
    readApple(values),
  ];
  const all = [...builtIn.filter((provider) => provider !== null), ...readOpenId(values.oidc, isDevelopment)];
  const usable: Provider[] = [];
  const broken: BrokenProvider[] = [];
  for (const provider of all) {
    if ('variables' in provider) broken.push(provider);
    // Of two with one id, nobody could tell which is meant.
    else if (all.filter((other) => !('variables' in other) && other.id === provider.id).length > 1)
      broken.push({ id: provider.id, variables: ['OIDC_PROVIDERS'] });
    else usable.push(provider);
  }
  return { usable, broken };
}

type Read = Provider | BrokenProvider | null;

/** One whose variables begin with its id: a client and its secret. */
function readBySecret(
  id: string,
  clientId: string | null,
  clientSecret: string | null,
  make: (credentials: ClientCredentials) => Provider | BrokenProvider,
): Read {
  if (clientId === null && clientSecret === null) return null;
  const clientIds = idsOf(clientId);
  if (clientIds !== null && clientSecret !== null) return make({ clientIds, clientSecret });
  const prefix = `${id.toUpperCase()}_CLIENT`;
  return missing(id, { [`${prefix}_ID`]: clientId, [`${prefix}_SECRET`]: clientSecret });
}

function readApple({ appleId, appleTeamId, appleKeyId, applePrivateKey }: ProviderValues): Read {
  if ([appleId, appleTeamId, appleKeyId, applePrivateKey].every((value) => value === null)) return null;
  const clientIds = idsOf(appleId);
  if (clientIds === null || appleTeamId === null || appleKeyId === null || applePrivateKey === null)
    return missing('apple', {
      ...{ APPLE_CLIENT_ID: appleId, APPLE_TEAM_ID: appleTeamId },
      ...{ APPLE_KEY_ID: appleKeyId, APPLE_PRIVATE_KEY: applePrivateKey },
    });
  const privateKey = applePrivateKey.replaceAll('\\n', '\n');
  if (!/^-{5}BEGIN PRIVATE KEY-{5}\s[\sA-Za-z0-9+/=]{150,}-{5}END PRIVATE KEY-{5}$/.test(privateKey.trim()))
    return { id: 'apple', variables: ['APPLE_PRIVATE_KEY'] };
  return apple({ clientIds, teamId: appleTeamId, keyId: appleKeyId, privateKey });
}

/** One entry that is wrong leaves the others; a text that is no list is a provider of no name. */
function readOpenId(text: string | null, isDevelopment: boolean): (Provider | BrokenProvider)[] {
  if (text === null) return [];
  const variables = ['OIDC_PROVIDERS'];
  const entries = parseJson(text);
  if (!Array.isArray(entries)) return [{ id: '', variables }];
  return entries.map((entry: unknown) => {
    const settings = OpenIdSettings.safeParse(entry);
    const isAllowed = settings.success && (isDevelopment || settings.data.issuer.startsWith('https:'));
    if (isAllowed) return openId(settings.data);
    const { id } = Object(entry);
    return { id: typeof id === 'string' ? id : '', variables };
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function idsOf(text: string | null): readonly [string, ...string[]] | null {
  const [first, ...others] = (text ?? '').split(',').map((part) => part.trim());
  return first === undefined || [first, ...others].includes('') ? null : [first, ...others];
}

function missing(id: string, values: Readonly<Record<string, string | null>>): BrokenProvider {
  const names = Object.entries(values).flatMap(([name, value]) => (value === null ? [name] : []));
  return { id, variables: names.length > 0 ? names : Object.keys(values) };
}
