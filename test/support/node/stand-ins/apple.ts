import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { jwtVerify } from 'jose';
import type { AppleAccount } from '../../apple-account.ts';
import { type Answer, json, override, type StandIn, type StandInRequest } from './answer.ts';
import type { IdTokens } from './id-tokens.ts';
import type { Records } from './records.ts';
import { redeemCode } from './redeem-code.ts';

const issuer = 'https://appleid.apple.com';
const sixMonthsSeconds = 15_777_000;

/**
 * Sign in with Apple: the client's secret is a JWT that its developer's key signs, booleans are strings, and there is no
 * name in the ID token. https://developer.apple.com/documentation/signinwithapplerestapi
 */
export function appleStandIn(
  idTokens: IdTokens,
  records: Records,
): { readonly standIn: StandIn; readonly account: AppleAccount } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const account = {
    teamId: 'TEAMSTANDI',
    keyId: 'KEYSTANDIN',
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };

  async function authenticate(_: unknown, parameters: URLSearchParams): Promise<string | undefined> {
    const clientId = parameters.get('client_id') ?? '';
    try {
      const { payload, protectedHeader } = await jwtVerify(parameters.get('client_secret') ?? '', publicKey, {
        algorithms: ['ES256'],
        issuer: account.teamId,
        audience: issuer,
        subject: clientId,
        requiredClaims: ['iat', 'exp'],
      });
      const lifetime = (payload.exp ?? Infinity) - Date.now() / 1000;
      return protectedHeader.kid === account.keyId && lifetime <= sixMonthsSeconds ? clientId : undefined;
    } catch {
      return undefined;
    }
  }

  async function giveTokens(request: StandInRequest): Promise<Answer> {
    const redemption = await redeemCode(request, records, { authenticate });
    if (redemption.kind === 'answered') return asApple(redemption.answer);
    const { instructions, clientId } = redemption;
    const claims = {
      ...{ iss: issuer, aud: clientId, email_verified: 'true', is_private_email: 'false' },
      ...{ auth_time: Math.floor(Date.now() / 1000), nonce_supported: true },
    };
    const tokens = {
      ...{ access_token: `a.${randomUUID()}`, token_type: 'Bearer', expires_in: 3600 },
      refresh_token: `r.${randomUUID()}`,
      id_token: idTokens.make(claims, instructions),
    };
    return json(override(tokens, instructions.tokenResponse));
  }

  async function revoke(request: StandInRequest): Promise<Answer> {
    const parameters = new URLSearchParams(request.body);
    const clientId = await authenticate(request, parameters);
    const token = parameters.get('token');
    if (clientId === undefined) return json({ error: 'invalid_client' }, 400);
    if (!token) return json({ error: 'invalid_request' }, 400);
    records.revokedTokens.push({ token, tokenTypeHint: parameters.get('token_type_hint'), clientId });
    return { status: 200, headers: { 'content-length': '0' }, body: '' };
  }

  const standIn: StandIn = async (request) => {
    switch (`${request.method} ${request.path}`) {
      case 'GET /appleid.apple.com/auth/keys':
        return idTokens.jwks();
      case 'POST /appleid.apple.com/auth/token':
        return giveTokens(request);
      case 'POST /appleid.apple.com/auth/revoke':
        return revoke(request);
      default:
        return undefined;
    }
  };
  return { standIn, account };
}

/** Apple answers 400 to a client that does not authenticate as well. */
function asApple(answer: Answer): Answer {
  return answer.status === 401 ? { ...answer, status: 400 } : answer;
}
