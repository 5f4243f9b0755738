import { json, override, type StandIn } from './answer.ts';
import type { IdTokens } from './id-tokens.ts';
import type { Records } from './records.ts';
import { redeemCode } from './redeem-code.ts';

/** Google, as in https://developers.google.com/identity/openid-connect/openid-connect. */
export function googleStandIn(idTokens: IdTokens, records: Records): StandIn {
  return async (request) => {
    switch (`${request.method} ${request.path}`) {
      case 'GET /www.googleapis.com/oauth2/v3/certs':
        return idTokens.jwks();
      case 'POST /oauth2.googleapis.com/token': {
        const redemption = await redeemCode(request, records);
        if (redemption.kind === 'answered') return redemption.answer;
        const { instructions, clientId } = redemption;
        const claims = { iss: 'https://accounts.google.com', aud: clientId, azp: clientId };
        const person = { email_verified: true, name: 'Sam Stand-In', given_name: 'Sam' };
        const tokens = {
          access_token: 'ya29.stand-in',
          expires_in: 3599,
          scope: 'openid https://www.googleapis.com/auth/userinfo.email',
          token_type: 'Bearer',
          id_token: idTokens.make({ ...claims, ...person }, instructions),
        };
        return json(override(tokens, instructions.tokenResponse));
      }
      default:
        return undefined;
    }
  };
}
