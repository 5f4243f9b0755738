import { beforeAll, describe, expect, test } from 'vitest';
import { signAccessToken, verifyAccessToken } from '../../src/access-tokens/access-token.ts';
import type { SigningAlgorithm } from '../../src/crypto/jwk-shape.ts';
import { importSigningKeys, type SigningKeySet } from '../../src/crypto/signing-keys.ts';
import { claims, generateJwk, readToken, settings } from './forge.ts';

const nowMs = 1_790_000_123_456;
const nowSeconds = 1_790_000_123;
const keySets = {} as Record<SigningAlgorithm, SigningKeySet>;

beforeAll(async () => {
  for (const alg of ['ES256', 'EdDSA', 'RS256'] as const) {
    keySets[alg] = await importSigningKeys([await generateJwk(alg, `key-${alg}`)]);
  }
});

describe('signAccessToken', () => {
  test('JWT-10: the token has ten claims, lives for its time, and says nothing personal', async () => {
    const { header, payload } = readToken(await signAccessToken(keySets.ES256, settings, claims, nowMs));
    expect(header).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: 'key-ES256' });
    const { jti, ...rest } = payload;
    expect(jti).toMatch(/^[\da-f-]{36}$/);
    expect(rest).toEqual({
      iss: settings.issuer,
      aud: settings.audience,
      sub: claims.userId,
      sid: claims.sessionId,
      iat: nowSeconds,
      exp: nowSeconds + 900,
      auth_time: claims.authTime,
      acr: 'aal1',
      amr: ['pwd', 'otp'],
    });
  });

  test('the token says that a second factor was passed, where one was (RFC 9068)', async () => {
    const strong = { ...claims, amr: ['pwd', 'otp', 'mfa'] };
    const { payload } = readToken(await signAccessToken(keySets.ES256, settings, strong, nowMs));
    expect(payload).toMatchObject({ acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] });
  });

  test('two tokens of one moment have different identifiers', async () => {
    const first = await signAccessToken(keySets.ES256, settings, claims, nowMs);
    const second = await signAccessToken(keySets.ES256, settings, claims, nowMs);
    expect(readToken(first).payload.jti).not.toBe(readToken(second).payload.jti);
  });
});

describe('verifyAccessToken', () => {
  test.each(['ES256', 'EdDSA', 'RS256'] as const)(
    'a token signed with %s says what was put into it',
    async (alg) => {
      const token = await signAccessToken(keySets[alg], settings, claims, nowMs);
      expect(await verifyAccessToken(keySets[alg], settings, token, nowMs)).toEqual(claims);
    },
  );

  test('a token is valid until its end, with 30 s for clocks that differ', async () => {
    const token = await signAccessToken(keySets.ES256, settings, claims, nowMs);
    const at = (seconds: number) => verifyAccessToken(keySets.ES256, settings, token, nowMs + 1000 * seconds);
    for (const seconds of [-30, 0, 899, 929]) expect(await at(seconds), `${seconds} s`).toEqual(claims);
    for (const seconds of [-32, 931, 961, 1e9]) expect(await at(seconds), `${seconds} s`).toBeNull();
  });

  test('a token of another deployment is refused, whatever its key', async () => {
    const token = await signAccessToken(keySets.ES256, settings, claims, nowMs);
    for (const change of [{ issuer: 'https://auth.example.org' }, { audience: 'https://api.example.org' }]) {
      expect(await verifyAccessToken(keySets.ES256, { ...settings, ...change }, token, nowMs)).toBeNull();
    }
    expect(await verifyAccessToken(keySets.EdDSA, settings, token, nowMs)).toBeNull();
  });

  test('ignoring the expiry accepts a token of any age, and still none from the future', async () => {
    const token = await signAccessToken(keySets.ES256, settings, claims, nowMs);
    const at = (seconds: number) =>
      verifyAccessToken(keySets.ES256, settings, token, nowMs + 1000 * seconds, { ignoreExpiry: true });
    for (const seconds of [-30, 0, 931, 1e8]) expect(await at(seconds), `${seconds} s`).toEqual(claims);
    expect(await at(-32)).toBeNull();
  });
});

describe('the token of a demo user', () => {
  const demoClaims = { ...claims, userId: 'demo-user-id', demo: true } as const;

  test('says so, beside the nine claims of every token (DEM-06)', async () => {
    const { header, payload } = readToken(await signAccessToken(keySets.ES256, settings, demoClaims, nowMs));
    const ordinary = readToken(await signAccessToken(keySets.ES256, settings, claims, nowMs));
    expect(header).toEqual(ordinary.header);
    expect(payload).toEqual({
      ...ordinary.payload,
      sub: 'demo-user-id',
      demo: true,
      jti: expect.any(String),
    });
  });

  test('passes where a demo user is asked for, and nowhere else (JWT-06)', async () => {
    const token = await signAccessToken(keySets.ES256, settings, demoClaims, nowMs);
    const verify = (options: object) => verifyAccessToken(keySets.ES256, settings, token, nowMs, options);
    expect(await verify({ demo: true })).toEqual(demoClaims);
    for (const options of [{}, { demo: false }, { ignoreExpiry: true }]) {
      expect(await verify(options), JSON.stringify(options)).toBeNull();
    }
  });

  test('with the id of a real user is refused for being a demo token', async () => {
    const token = await signAccessToken(keySets.ES256, settings, { ...claims, demo: true }, nowMs);
    expect(await verifyAccessToken(keySets.ES256, settings, token, nowMs)).toBeNull();
  });

  test('is the only one that passes there: the token of a real user does not', async () => {
    const token = await signAccessToken(keySets.ES256, settings, claims, nowMs);
    expect(await verifyAccessToken(keySets.ES256, settings, token, nowMs, { demo: true })).toBeNull();
  });
});
