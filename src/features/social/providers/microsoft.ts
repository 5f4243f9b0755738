import { ClientSecretPost } from 'oauth4webapi';
import { openIdProfile } from './open-id-claims.ts';
import type { ClientCredentials, Provider } from './provider.ts';

const host = 'https://login.microsoftonline.com';
const tenantId = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;
/** The tenant of all personal accounts. */
const consumersId = '9188040d-6c67-4c5b-b112-36a304b66dad';

/**
 * Microsoft Entra ID, v2.0. Behind `common` and the like every tenant is an issuer of its own, named by `tid` of its claims.
 * An address in its tokens can be changed by whoever runs the tenant (nOAuth), so that it is never trusted; it counts as
 * one at all only where `xms_edov` says that its domain belongs to the tenant.
 * @param tenant null when it is not one that a token can be checked against
 */
export function microsoft(
  { clientIds: [clientId], clientSecret }: ClientCredentials,
  tenant: string,
): Provider | null {
  if (!['common', 'organizations', 'consumers'].includes(tenant) && !tenantId.test(tenant)) return null;
  const server = {
    issuer: issuerOfTenant(tenant),
    authorization_endpoint: `${host}/${tenant}/oauth2/v2.0/authorize`,
    token_endpoint: `${host}/${tenant}/oauth2/v2.0/token`,
    jwks_uri: `${host}/${tenant}/discovery/v2.0/keys`,
  };
  return {
    id: 'microsoft',
    name: 'Microsoft',
    clientId,
    nativeClientIds: [],
    scope: 'openid email profile',
    responseMode: 'query',
    isTrusted: false,
    allowsRegistration: true,
    server: async () => server,
    authentication: () => ClientSecretPost(clientSecret),
    issuerOf: ({ tid }) => (typeof tid === 'string' && isOf(tenant, tid) ? issuerOfTenant(tid) : null),
    profileOf: (claims) => ({
      ...openIdProfile(claims),
      isEmailVerified: claims.xms_edov === true || claims.xms_edov === 1 || claims.xms_edov === '1',
    }),
  };
}

function issuerOfTenant(tenant: string): string {
  return `${host}/${tenant}/v2.0`;
}

/** Whether an account of the tenant `tid` may come where `tenant` is configured. */
function isOf(tenant: string, tid: string): boolean {
  if (!tenantId.test(tid)) return false;
  if (tenant === 'common') return true;
  if (tenant === 'organizations') return tid !== consumersId;
  return tid === (tenant === 'consumers' ? consumersId : tenant);
}
