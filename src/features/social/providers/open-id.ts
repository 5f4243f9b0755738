import {
  type AuthorizationServer,
  ClientSecretBasic,
  ClientSecretPost,
  discoveryRequest,
  processDiscoveryResponse,
} from 'oauth4webapi';
import type { ProviderClient } from '../outbound/provider-client.ts';
import { ProviderError } from '../outbound/provider-error.ts';
import { Remembered } from '../outbound/remembered.ts';
import { openIdProfile } from './open-id-claims.ts';
import type { OpenIdSettings } from './open-id-settings.ts';
import type { Provider } from './provider.ts';

const discoveryAges = { fresh: 3600, stale: 86_400 } as const;
const servers = new Remembered<AuthorizationServer>(discoveryAges);

/** Any issuer of OpenID Connect, by its discovery document. */
export function openId(settings: OpenIdSettings): Provider {
  const { id, name, issuer, clientId, clientSecret } = settings;
  return {
    ...{ id, name, clientId },
    nativeClientIds: [],
    scope: settings.scopes ?? 'openid email profile',
    responseMode: settings.responseMode ?? 'query',
    isTrusted: settings.trustEmail ?? false,
    allowsRegistration: settings.allowSignUp ?? true,
    server: (client) => servers.get(issuer, () => discover(client, issuer)),
    authentication: ({ token_endpoint_auth_methods_supported: methods = ['client_secret_basic'] }) =>
      methods.includes('client_secret_basic')
        ? ClientSecretBasic(clientSecret)
        : ClientSecretPost(clientSecret),
    profileOf: openIdProfile,
  };
}

/**
 * Fetches the discovery document. It must name the configured issuer, and endpoints that are secure, before anything else
 * is asked there (OAU-06, OpenID Connect Discovery section 4.3).
 * @throws ProviderError
 */
async function discover({ options }: ProviderClient, issuer: string): Promise<AuthorizationServer> {
  const url = new URL(issuer);
  const server = await processDiscoveryResponse(url, await discoveryRequest(url, options)).catch((error) => {
    throw error instanceof ProviderError
      ? error
      : new ProviderError('the discovery document of the provider was refused');
  });
  const { authorization_endpoint: authorization, token_endpoint: token, jwks_uri: keys } = server;
  const isLocal = url.protocol === 'http:';
  for (const endpoint of [authorization, token, keys, server.userinfo_endpoint ?? keys]) {
    const parsed = URL.parse(endpoint ?? '');
    const isSecure = parsed?.protocol === 'https:' || (isLocal && parsed?.hostname === url.hostname);
    if (!isSecure || parsed?.username !== '')
      throw new ProviderError('the endpoints of the provider are not secure');
  }
  return server;
}
