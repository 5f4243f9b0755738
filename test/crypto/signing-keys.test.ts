import { beforeAll, describe, expect, test } from 'vitest';
import { encodeBase64Url } from '../../src/crypto/base64url.ts';
import type { SigningAlgorithm } from '../../src/crypto/jwk-shape.ts';
import {
  importSigningKeys,
  type PrivateSigningJwk,
  parseSigningKeys,
} from '../../src/crypto/signing-keys.ts';
import { generateJwk, generateKeys } from '../access-tokens/forge.ts';

const algorithms: SigningAlgorithm[] = ['ES256', 'EdDSA', 'RS256'];
const jwks = {} as Record<SigningAlgorithm, PrivateSigningJwk>;
let other: PrivateSigningJwk;

beforeAll(async () => {
  for (const alg of algorithms) jwks[alg] = await generateJwk(alg, `key-${alg}`);
  other = await generateJwk('ES256', 'other');
});

/** The message of the refusal, after checking that nothing private or even quoted from the input is in it. */
function refusal(json: string): string {
  try {
    parseSigningKeys(json);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    expect(error.cause).toBeUndefined();
    for (const secret of json.match(/[\w-]{16,}/g) ?? [])
      expect(`${error.message} ${error.stack}`).not.toContain(secret);
    return error.message;
  }
  throw new Error('the keys were accepted');
}

describe('parseSigningKeys', () => {
  test.each(algorithms)('an %s key as WebCrypto exports it is accepted', (alg) => {
    expect(parseSigningKeys(JSON.stringify([jwks[alg]]))).toEqual([jwks[alg]]);
  });

  test('several keys keep their order, so that the first signs', () => {
    const keys = parseSigningKeys(JSON.stringify([jwks.EdDSA, jwks.ES256, other]));
    expect(keys.map((key) => key.kid)).toEqual(['key-EdDSA', 'key-ES256', 'other']);
  });

  test.each(['', 'null', '{}', '"text"', '17', '{"keys":[]}'])('the text %j is refused', (json) => {
    expect(refusal(json)).toMatch(/^the signing keys are not/);
  });

  test('a text that is cut off is refused without quoting what is left of it', () => {
    for (const alg of algorithms) {
      expect(refusal(JSON.stringify([jwks[alg]]).slice(0, -1))).toBe('the signing keys are not JSON');
      expect(refusal(jwks[alg].d ?? '')).toBe('the signing keys are not JSON');
    }
  });

  test('no key, members that are no object, and a repeated kid are refused', () => {
    expect(refusal('[]')).toBe('there is no signing key');
    expect(refusal('[null]')).toBe('signing key 0 is not an object');
    expect(refusal('[[]]')).toBe('signing key 0 is not an object');
    expect(refusal(JSON.stringify([jwks.ES256, 'text']))).toBe('signing key 1 is not an object');
    expect(refusal(JSON.stringify([jwks.ES256, { ...other, kid: jwks.ES256.kid }]))).toMatch(/same kid/);
  });

  test.each([
    ['a kid', { kid: undefined }, /no kid/],
    ['a kid that is text', { kid: 17 }, /no kid/],
    ['a kid with characters', { kid: '' }, /no kid/],
    ['an alg', { alg: undefined }, /no alg/],
    ['its private member', { d: undefined }, /no d/],
    ['a public member', { y: undefined }, /no y/],
    ['a private member that is text', { d: 17 }, /no d/],
    ['a private member in base64url', { d: 'not base64url!' }, /no d/],
    ['a private member that is not empty', { d: '' }, /no d/],
    ['a private member of 32 bytes', { d: 'AAAA' }, /wrong length/],
    ['the key type of its alg', { kty: 'RSA' }, /kty or crv/],
    ['the curve of its alg', { crv: 'P-384' }, /kty or crv/],
    ['a curve', { crv: undefined }, /kty or crv/],
  ])('JWT-08: a key without %s is refused', (_, change, message) => {
    expect(refusal(JSON.stringify([{ ...jwks.ES256, ...change }]))).toMatch(message);
  });

  test.each([
    'none',
    'None',
    'HS256',
    'HS512',
    'ES384',
    'ES256K',
    'PS256',
    'RS512',
    'constructor',
    '__proto__',
    '',
    null,
    17,
    ['ES256'],
  ])('JWT-02: the alg %j is refused', (alg) => {
    expect(refusal(JSON.stringify([{ ...jwks.ES256, alg }]))).toMatch(/no alg/);
  });

  test('JWT-08: a symmetric key is refused, whatever alg it names', () => {
    const k = encodeBase64Url(crypto.getRandomValues(new Uint8Array(64)));
    expect(refusal(JSON.stringify([{ kty: 'oct', k, kid: 'a', alg: 'HS256' }]))).toMatch(/no alg/);
    for (const alg of algorithms) {
      expect(refusal(JSON.stringify([{ kty: 'oct', k, kid: 'a', alg }]))).toMatch(/kty or crv/);
    }
  });

  test('JWT-08: an RSA key below 2048 bits is refused, also one that is padded with zeros', async () => {
    const short = await generateJwk('RS256', 'short', { modulusLength: 1024 });
    expect(refusal(JSON.stringify([short]))).toMatch(/shorter than 2048 bits/);
    const n = atob((short.n ?? '').replaceAll('-', '+').replaceAll('_', '/'));
    const padded = Uint8Array.from(`${'\0'.repeat(256)}${n}`, (character) => character.charCodeAt(0));
    expect(refusal(JSON.stringify([{ ...short, n: encodeBase64Url(padded) }]))).toMatch(
      /shorter than 2048 bits/,
    );
  });

  test('JWT-08: a P-384 key is refused, also when it claims to be ES256', async () => {
    const { privateKey } = await generateKeys('ES256', { namedCurve: 'P-384' });
    const jwk = (await crypto.subtle.exportKey('jwk', privateKey)) as object;
    expect(refusal(JSON.stringify([{ ...jwk, kid: 'a', alg: 'ES256' }]))).toMatch(/kty or crv/);
    expect(refusal(JSON.stringify([{ ...jwk, crv: 'P-256', kid: 'a', alg: 'ES256' }]))).toMatch(
      /wrong length/,
    );
  });
});

describe('importSigningKeys', () => {
  test('JWT-09: the public set has the public members, the kid, the alg and the use of every key, and nothing else', async () => {
    const { jwks: set } = await importSigningKeys([jwks.ES256, jwks.EdDSA, jwks.RS256]);
    const [ec, okp, rsa] = set.keys;
    expect(Object.keys(ec ?? {}).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    expect(Object.keys(okp ?? {}).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
    expect(Object.keys(rsa ?? {}).toSorted()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    const text = JSON.stringify(set);
    for (const jwk of Object.values(jwks)) {
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'] as const) {
        if (jwk[member] !== undefined) expect(text).not.toContain(jwk[member]);
      }
    }
  });

  test('the first key signs, and every key is found by its kid', async () => {
    const keySet = await importSigningKeys([jwks.EdDSA, jwks.ES256]);
    expect(keySet.signing.kid).toBe('key-EdDSA');
    expect([...keySet.byId.keys()]).toEqual(['key-EdDSA', 'key-ES256']);
    expect(keySet.byId.get('key-ES256')?.alg).toBe('ES256');
  });

  test('the private part cannot be exported, even when the JWK asks for it', async () => {
    for (const alg of algorithms) {
      const keySet = await importSigningKeys([{ ...jwks[alg], ext: true, key_ops: ['sign'] }]);
      expect(keySet.signing.privateKey.extractable).toBe(false);
    }
  });

  test('a public part that belongs to another key is refused', async () => {
    for (const alg of ['ES256', 'EdDSA'] as const) {
      const { x, y } = await generateJwk(alg, 'foreign');
      const mixed = { ...jwks[alg], ...(x !== undefined && { x }), ...(y !== undefined && { y }) };
      await expect(importSigningKeys([jwks.RS256, mixed])).rejects.toThrow(
        'signing key 1 is not a key, or not a pair',
      );
    }
  });

  test('members that are no key, and an empty list, are refused', async () => {
    const zeros = encodeBase64Url(new Uint8Array(32));
    await expect(importSigningKeys([{ ...jwks.ES256, x: zeros, y: zeros }])).rejects.toThrow(
      /^signing key 0/,
    );
    await expect(importSigningKeys([])).rejects.toThrow('there is no signing key');
  });
});
