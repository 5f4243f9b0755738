import { decodeBase64Url } from './base64url.ts';

/** The algorithms that may sign access tokens. All are asymmetric: a verifier never has a key that could sign. */
export type SigningAlgorithm = 'ES256' | 'EdDSA' | 'RS256';

/** The members of a private key for one algorithm (RFC 7518 section 6, RFC 8037 section 2). */
export interface JwkShape {
  /** What WebCrypto imports the key for, and signs with. */
  readonly algorithm: { readonly name: string; readonly namedCurve?: string; readonly hash?: string };
  /** Members with one allowed value. */
  readonly fixed: { readonly kty: string; readonly crv?: string };
  /** The numbers that may be published. */
  readonly publicMembers: readonly string[];
  /** The numbers that must stay private. */
  readonly privateMembers: readonly string[];
}

/** The supported kinds of signing key. */
export const jwkShapes: Readonly<Record<SigningAlgorithm, JwkShape>> = {
  ES256: {
    algorithm: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
    fixed: { kty: 'EC', crv: 'P-256' },
    publicMembers: ['x', 'y'],
    privateMembers: ['d'],
  },
  EdDSA: {
    algorithm: { name: 'Ed25519' },
    fixed: { kty: 'OKP', crv: 'Ed25519' },
    publicMembers: ['x'],
    privateMembers: ['d'],
  },
  RS256: {
    algorithm: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    fixed: { kty: 'RSA' },
    publicMembers: ['n', 'e'],
    privateMembers: ['d', 'p', 'q', 'dp', 'dq', 'qi'],
  },
};

/** The length of every number of a P-256 or Ed25519 key. */
const curveBytes = 32;
const rsaBitsMin = 2048;

/**
 * Describes what is wrong with a private signing JWK, without quoting the key; `null` when its form is right. Only
 * the import can tell whether the numbers are a key.
 */
export function jwkFault(jwk: Readonly<Record<string, unknown>>): string | null {
  if (typeof jwk.kid !== 'string' || jwk.kid === '') return 'has no kid';
  if (!isSigningAlgorithm(jwk.alg)) return 'has no alg of ES256, EdDSA, RS256';

  const { fixed, publicMembers, privateMembers } = jwkShapes[jwk.alg];
  if (Object.entries(fixed).some(([name, value]) => jwk[name] !== value)) {
    return 'has a kty or crv that does not belong to its alg';
  }
  for (const member of [...publicMembers, ...privateMembers]) {
    const value = jwk[member];
    const bytes = typeof value === 'string' ? decodeBase64Url(value) : null;
    if (bytes === null || bytes.length === 0) return `has no ${member} in base64url`;
    if (fixed.crv !== undefined && bytes.length !== curveBytes) return `has a ${member} of the wrong length`;
    // RFC 7518 section 3.3. jose would refuse it only when the first token is signed.
    if (member === 'n' && bitLength(bytes) < rsaBitsMin) return `is shorter than ${rsaBitsMin} bits`;
  }
  return null;
}

function isSigningAlgorithm(alg: unknown): alg is SigningAlgorithm {
  return typeof alg === 'string' && Object.hasOwn(jwkShapes, alg);
}

function bitLength(bytes: Uint8Array): number {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first === -1 ? 0 : 8 * (bytes.length - first) - (Math.clz32(bytes[first] ?? 0) - 24);
}
