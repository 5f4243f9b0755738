import { encodeBase64Url } from '../../../src/crypto/base64url.ts';
import type { TestClient } from '../../support/client.ts';
import { baseUrl } from '../../support/test-env.ts';
import type { SignedIn } from './session-fixtures.ts';

type Members = Readonly<Record<string, unknown>>;

/** What differs from a token that the service would issue itself; a member that is undefined is left out. */
export interface Forgery {
  readonly header?: Members;
  readonly claims?: Members;
}

const nowSeconds = () => Math.floor(Date.now() / 1000);

/** Header and payload as the service writes them for this session, changed as told: the part of a JWT that is signed. */
export function signingInput(
  client: TestClient,
  { userId, sessionId }: SignedIn,
  forgery: Forgery = {},
): string {
  const issuedAt = nowSeconds();
  const header = { alg: 'ES256', typ: 'at+jwt', kid: signingJwk(client).kid, ...forgery.header };
  const claims = {
    iss: baseUrl,
    aud: baseUrl,
    sub: userId,
    sid: sessionId,
    iat: issuedAt,
    exp: issuedAt + 900,
    jti: crypto.randomUUID(),
    auth_time: issuedAt,
    amr: ['pwd'],
    ...forgery.claims,
  };
  return `${encodeText(JSON.stringify(header))}.${encodeText(JSON.stringify(claims))}`;
}

/** A JWT with the service's own signature under whatever it says: what an attacker with one old key could make. */
export async function signedByUs(
  client: TestClient,
  signedIn: SignedIn,
  forgery: Forgery = {},
): Promise<string> {
  return signEs256(signingInput(client, signedIn, forgery), signingJwk(client));
}

/** Signs with any P-256 key (RFC 7515 section 5.1). */
export async function signEs256(input: string, jwk: JsonWebKey): Promise<string> {
  const curve = { name: 'ECDSA', namedCurve: 'P-256' };
  const { kty, crv, x, y, d } = jwk;
  const key = await crypto.subtle.importKey('jwk', { kty, crv, x, y, d } as JsonWebKey, curve, false, [
    'sign',
  ]);
  const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const signature = await crypto.subtle.sign(algorithm, key, new TextEncoder().encode(input));
  return `${input}.${encodeBase64Url(new Uint8Array(signature))}`;
}

/** Signs with HMAC under whatever bytes are given as the key. */
export async function signHs256(input: string, secret: Uint8Array): Promise<string> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', secret, algorithm, false, ['sign']);
  const signature = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(input));
  return `${input}.${encodeBase64Url(new Uint8Array(signature))}`;
}

/** The first key of SIGNING_KEYS, private part included. */
export function signingJwk(client: TestClient): JsonWebKey & { readonly kid: string } {
  return (JSON.parse(String(client.env.SIGNING_KEYS)) as (JsonWebKey & { kid: string })[])[0]!;
}

export function encodeText(text: string): string {
  return encodeBase64Url(new TextEncoder().encode(text));
}
