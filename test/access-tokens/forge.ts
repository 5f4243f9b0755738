import type { AccessTokenClaims, AccessTokenSettings } from '../../src/access-tokens/access-token.ts';
import { encodeBase64Url } from '../../src/crypto/base64url.ts';
import type { SigningAlgorithm } from '../../src/crypto/jwk-shape.ts';
import type { PrivateSigningJwk } from '../../src/crypto/signing-keys.ts';

/** WebCrypto's names for what signs with each algorithm. */
const generation = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  EdDSA: { name: 'Ed25519' },
  RS256: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
};
const signing = {
  ES256: { name: 'ECDSA', hash: 'SHA-256' },
  EdDSA: { name: 'Ed25519' },
  RS256: { name: 'RSASSA-PKCS1-v1_5' },
};

/** Generates a key pair with WebCrypto. `overrides` are members of the generation parameters. */
export async function generateKeys(alg: SigningAlgorithm, overrides: object = {}): Promise<CryptoKeyPair> {
  const keys = await crypto.subtle.generateKey({ ...generation[alg], ...overrides }, true, [
    'sign',
    'verify',
  ]);
  if (!('privateKey' in keys)) throw new TypeError('not a key pair');
  return keys;
}

/** Generates a private JWK as an operator would write it, with the members that exports carry. */
export async function generateJwk(
  alg: SigningAlgorithm,
  kid: string,
  overrides: object = {},
): Promise<PrivateSigningJwk> {
  const { privateKey } = await generateKeys(alg, overrides);
  return { ...((await crypto.subtle.exportKey('jwk', privateKey)) as object), kid, alg };
}

/** Signs any header and payload, which may be text that is no JSON, with a private JWK and WebCrypto alone. */
export async function forge(
  jwk: PrivateSigningJwk,
  header: object | string,
  payload: unknown,
): Promise<string> {
  const { kid: _, alg, ...members } = jwk;
  const key = await crypto.subtle.importKey('jwk', members as JsonWebKey, generation[alg], false, ['sign']);
  const input = signingInput(header, payload);
  const signature = await crypto.subtle.sign(signing[alg], key, new TextEncoder().encode(input));
  return `${input}.${encodeBase64Url(new Uint8Array(signature))}`;
}

/** Signs with HMAC-SHA-256 under any bytes, as algorithm confusion does. */
export async function forgeHmac(
  secret: Uint8Array<ArrayBuffer>,
  header: object,
  payload: object,
): Promise<string> {
  const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
  ]);
  const input = signingInput(header, payload);
  const signature = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(input));
  return `${input}.${encodeBase64Url(new Uint8Array(signature))}`;
}

/** Header and payload as they are signed: base64url, with a full stop between. */
export function signingInput(header: object | string, payload: unknown): string {
  return `${encodePart(header)}.${encodePart(payload)}`;
}

/** Reads the header and the payload of a token without looking at its signature. */
export function readToken(token: string): {
  header: Record<string, unknown>;
  payload: Record<string, unknown>;
} {
  const [header = '', payload = ''] = token.split('.');
  return { header: decodePart(header), payload: decodePart(payload) };
}

export const settings: AccessTokenSettings = {
  issuer: 'https://auth.example.com',
  audience: 'https://api.example.com',
  ttlSeconds: 900,
};

export const claims: AccessTokenClaims = {
  userId: '0b8f3a52-6c1d-4e7f-9a20-3d4c5b6a7988',
  sessionId: '7d1e9c04-52ab-4f36-8e17-c0ffee123456',
  authTime: 1_790_000_000,
  amr: ['pwd', 'otp'],
};

function encodePart(part: unknown): string {
  const text = typeof part === 'string' ? part : JSON.stringify(part);
  return encodeBase64Url(new TextEncoder().encode(text));
}

function decodePart(part: string): Record<string, unknown> {
  return JSON.parse(atob(part.replaceAll('-', '+').replaceAll('_', '/'))) as Record<string, unknown>;
}
