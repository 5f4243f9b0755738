import { generateSigningJwk } from '../../support/test-env.ts';

type SigningJwk = JsonWebKey & { readonly kid: string; readonly alg: string };

/** A fresh private key of one of the algorithms that sign access tokens, as SIGNING_KEYS wants it. */
export async function generateKeyOf(alg: 'ES256' | 'EdDSA' | 'RS256', kid: string): Promise<SigningJwk> {
  if (alg === 'ES256') return generateSigningJwk(kid);
  const rsa = {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
    hash: 'SHA-256',
  };
  const algorithm = alg === 'EdDSA' ? { name: 'Ed25519' } : rsa;
  const pair = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair;
  const jwk = (await crypto.subtle.exportKey('jwk', pair.privateKey)) as JsonWebKey;
  return { ...jwk, kid, alg };
}
