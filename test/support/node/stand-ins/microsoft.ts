import { json, override, type StandIn } from './answer.ts';
import type { IdTokens } from './id-tokens.ts';
import type { Records } from './records.ts';
import { redeemCode } from './redeem-code.ts';

/** The tenant of personal accounts, which is also what a token is for unless its code says otherwise. */
const personalTenant = '9188040d-6c67-4c5b-b112-36a304b66dad';

/**
 * Microsoft's identity platform v2.0: the issuer names the tenant of the account and not the one of the path, ID tokens
 * have no `email_verified`, and `xms_edov` only for applications that ask for it.
 * https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
 */
export function microsoftStandIn(idTokens: IdTokens, records: Records): StandIn {
  return async (request) => {
    const [, tenant, route] = /^\/login\.microsoftonline\.com\/([^/]+)(\/.+)$/.exec(request.path) ?? [];
    switch (tenant && `${request.method} ${route}`) {
      case 'GET /discovery/v2.0/keys':
        return idTokens.jwks();
      case 'POST /oauth2/v2.0/token': {
        const redemption = await redeemCode(request, records);
        if (redemption.kind === 'answered') return redemption.answer;
        const { instructions, clientId } = redemption;
        const tid = instructions.claims?.tid ?? personalTenant;
        const claims = {
          ...{ ver: '2.0', iss: `https://login.microsoftonline.com/${tid}/v2.0`, aud: clientId, tid },
          ...{ oid: '00000000-0000-0000-66f3-3332eca7ea81', name: 'Sam Stand-In' },
          preferred_username: `${instructions.sub}@example.com`,
        };
        const tokens = {
          ...{ token_type: 'Bearer', scope: 'openid profile email', expires_in: 3600, ext_expires_in: 3600 },
          access_token: 'stand-in',
          id_token: idTokens.make(claims, instructions),
        };
        return json(override(tokens, instructions.tokenResponse));
      }
      default:
        return undefined;
    }
  };
}
