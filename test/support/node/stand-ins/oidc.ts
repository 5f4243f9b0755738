import { encodeStandIn } from '../../stand-in-code.ts';
import {
  type Answer,
  bearerToken,
  decodeStandIn,
  json,
  override,
  type StandIn,
  type StandInRequest,
} from './answer.ts';
import type { IdTokens } from './id-tokens.ts';
import type { Records } from './records.ts';
import { redeemCode } from './redeem-code.ts';

const hugeLength = 16 * 1024 * 1024;

/**
 * OpenID Connect issuers at `/oidc/<variant>`, each of which has an own subtree and, after its variant's name, may have a
 * dash and anything else: `good-a` and `good-b` are two issuers. The variants of discovery:
 * - `good`;
 * - `wrong-issuer` names another issuer;
 * - `redirecting` leads to `/trap/<variant>`, where a document waits that would do;
 * - `hanging` never answers, `huge` answers with 16 MiB, `html` with a page;
 * - `http-endpoints` has its token endpoint at another host over plain HTTP;
 * - `iss-advertised` promises the `iss` parameter of RFC 9207;
 * - `userinfo` has no address in its ID tokens, but at its userinfo endpoint.
 */
export function oidcStandIn(url: string, idTokens: IdTokens, records: Records): StandIn {
  return async (request) => {
    const [, variant = '', route] = /^\/(?:oidc|trap)\/([\w-]+)(\/.+)?$/.exec(request.path) ?? [];
    const issuer = `${url}/oidc/${variant}`;
    if (request.path === `/trap/${variant}`) return json(metadata(issuer));
    switch (`${request.method} ${route}`) {
      case 'GET /.well-known/openid-configuration':
        return discovery(variant, issuer, `${url}/trap/${variant}`);
      case 'GET /jwks':
        return idTokens.jwks();
      case 'POST /token':
        return giveTokens(request, { variant, issuer, idTokens, records });
      case 'GET /userinfo':
        return userinfo(request);
      default:
        return undefined;
    }
  };
}

function metadata(issuer: string): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  };
}

function discovery(variant: string, issuer: string, trap: string): Answer | 'hang' | undefined {
  const document = metadata(issuer);
  switch (variants.find((name) => variant === name || variant.startsWith(`${name}-`))) {
    case 'good':
    case 'userinfo':
      return json(document);
    case 'wrong-issuer':
      return json({ ...document, issuer: `${issuer}-other` });
    case 'redirecting':
      return { status: 302, headers: { location: trap }, body: '' };
    case 'hanging':
      return 'hang';
    case 'huge':
      return json({ ...document, padding: 'x'.repeat(hugeLength) });
    case 'html':
      return {
        status: 200,
        headers: { 'content-type': 'text/html' },
        body: '<!DOCTYPE html><title>Hello</title>',
      };
    case 'http-endpoints':
      return json({ ...document, token_endpoint: 'http://issuer.test/token' });
    case 'iss-advertised':
      return json({ ...document, authorization_response_iss_parameter_supported: true });
    case undefined:
      return undefined;
  }
}

const variants = [
  ...(['good', 'userinfo', 'wrong-issuer', 'redirecting', 'hanging', 'huge', 'html'] as const),
  ...(['http-endpoints', 'iss-advertised'] as const),
];

async function giveTokens(
  request: StandInRequest,
  at: {
    readonly variant: string;
    readonly issuer: string;
    readonly idTokens: IdTokens;
    readonly records: Records;
  },
): Promise<Answer> {
  const redemption = await redeemCode(request, at.records);
  if (redemption.kind === 'answered') return redemption.answer;
  const { instructions, clientId } = redemption;
  const { sub } = instructions;
  const person = { email: `${sub}@example.com`, email_verified: true, name: 'Sam Stand-In' };
  const hidden = { email: null, email_verified: null, name: null };
  const claims = { iss: at.issuer, aud: clientId, ...(/^userinfo\b/.test(at.variant) ? hidden : person) };
  const tokens = {
    access_token: encodeStandIn(override({ sub, ...person }, instructions.userinfo)),
    token_type: 'Bearer',
    expires_in: 3600,
    id_token: at.idTokens.make(claims, instructions),
  };
  return json(override(tokens, instructions.tokenResponse));
}

function userinfo(request: StandInRequest): Answer {
  const claims = decodeStandIn(bearerToken(request) ?? '');
  if (claims !== undefined) return json(claims);
  const headers = { 'www-authenticate': 'Bearer error="invalid_token"' };
  return { status: 401, headers, body: '' };
}
