import { ClientSecretPost } from 'oauth4webapi';
import { openIdProfile } from './open-id-claims.ts';
import type { ClientCredentials, Provider } from './provider.ts';

const issuer = 'https://accounts.google.com';

const server = {
  issuer,
  authorization_endpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
  token_endpoint: 'https://oauth2.googleapis.com/token',
  jwks_uri: 'https://www.googleapis.com/oauth2/v3/certs',
};

/** Google: OpenID Connect, whose endpoints do not change (https://accounts.google.com/.well-known/openid-configuration). */
export function google({ clientIds: [clientId, ...apps], clientSecret }: ClientCredentials): Provider {
  return {
    id: 'google',
    name: 'Google',
    clientId,
    nativeClientIds: [clientId, ...apps],
    scope: 'openid email profile',
    responseMode: 'query',
    isTrusted: true,
    allowsRegistration: true,
    server: async () => server,
    authentication: () => ClientSecretPost(clientSecret),
    profileOf: openIdProfile,
  };
}
