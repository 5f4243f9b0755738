import type { JWK } from 'jose';
import { jwkFault, jwkShapes, type SigningAlgorithm } from './jwk-shape.ts';

/** A private key whose form `parseSigningKeys` has checked. */
export interface PrivateSigningJwk extends JWK {
  kid: string;
  alg: SigningAlgorithm;
}

/** An imported key. Its private part cannot be exported. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

/** The JWT signing keys of this deployment: one signs, all verify. */
export interface SigningKeySet {
  readonly signing: SigningKey;
  readonly byId: ReadonlyMap<string, SigningKey>;
  /** The public JWK Set (RFC 7517 section 5). */
  readonly jwks: { keys: JWK[] };
}

/**
 * Parses the secret `SIGNING_KEYS`: a JSON array of private JWKs, the first of which signs.
 *
 * @throws TypeError naming the index and the rule, never any part of the text, when it is not a JSON array, is empty,
 * repeats a kid, or contains a key that is not a private ES256, EdDSA or RS256 (2048 bits or more) key
 */
export function parseSigningKeys(json: string): PrivateSigningJwk[] {
  const keys = parseArray(json);
  const ids = new Set<string>();
  for (const [index, key] of keys.entries()) {
    const fault = isRecord(key) ? jwkFault(key) : 'is not an object';
    if (fault !== null) throw new TypeError(`signing key ${index} ${fault}`);
    ids.add((key as PrivateSigningJwk).kid);
  }
  if (ids.size === 0) throw new TypeError('there is no signing key');
  if (ids.size < keys.length) throw new TypeError('two signing keys have the same kid');
  return keys as PrivateSigningJwk[];
}

/**
 * Imports the keys, once per isolate.
 *
 * @throws TypeError when there is no key, when one cannot be imported, or when its public and private part do not
 * match: such a key would sign tokens that nobody can verify
 */
export async function importSigningKeys(jwks: readonly PrivateSigningJwk[]): Promise<SigningKeySet> {
  const keys = await Promise.all(jwks.map(importSigningKey));
  const [signing] = keys;
  if (signing === undefined) throw new TypeError('there is no signing key');
  return { signing, byId: new Map(keys.map((key) => [key.kid, key])), jwks: { keys: jwks.map(publicJwk) } };
}

/** By WebCrypto itself: jose would compile here, at the start, what a first token needs. */
async function importSigningKey(jwk: PrivateSigningJwk, index: number): Promise<SigningKey> {
  const { kid, alg } = jwk;
  const { algorithm, publicMembers, privateMembers } = jwkShapes[alg];
  const { subtle } = crypto;
  try {
    const publicPart = pick(jwk, publicMembers);
    const publicKey = await subtle.importKey('jwk', publicPart, algorithm, false, ['verify']);
    const privatePart = pick(jwk, [...publicMembers, ...privateMembers]);
    const privateKey = await subtle.importKey('jwk', privatePart, algorithm, false, ['sign']);
    // Not every import compares the two parts, and a test signature costs less than a millisecond.
    const probe = new Uint8Array(1);
    const signature = await subtle.sign(algorithm, privateKey, probe);
    if (!(await subtle.verify(algorithm, publicKey, signature, probe))) throw new TypeError('not a pair');
    return { kid, alg, privateKey, publicKey };
  } catch (cause) {
    throw new TypeError(`signing key ${index} is not a key, or not a pair`, { cause });
  }
}

function publicJwk(jwk: PrivateSigningJwk): JWK {
  const { kid, alg } = jwk;
  return { ...pick(jwk, jwkShapes[alg].publicMembers), kid, alg, use: 'sig' };
}

/** Without `ext`, `key_ops` and `use`, so that the operator's JWK cannot make the key exportable or unusable. */
function pick(jwk: PrivateSigningJwk, names: readonly string[]): JsonWebKey {
  const numbers = Object.entries(jwk).filter(([name]) => names.includes(name));
  return { ...jwkShapes[jwk.alg].fixed, ...Object.fromEntries(numbers) };
}

function parseArray(json: string): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // The engine's message quotes the text, which is the secret.
    throw new TypeError('the signing keys are not JSON');
  }
  if (!Array.isArray(value)) throw new TypeError('the signing keys are not a JSON array');
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
