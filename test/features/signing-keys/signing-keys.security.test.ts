import { createLocalJWKSet, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { registerUser } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { baseUrl, generateSigningJwk } from '../../support/test-env.ts';
import { headerOf } from '../sessions/session-fixtures.ts';

const path = '/.well-known/jwks.json';

type SigningJwk = JsonWebKey & { readonly kid: string; readonly alg: string };

/** A fresh private key of one of the algorithms that sign access tokens, as SIGNING_KEYS wants it. */
async function generateKeyOf(alg: 'ES256' | 'EdDSA' | 'RS256', kid: string): Promise<SigningJwk> {
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

describe('GET /.well-known/jwks.json', () => {
  test('answers the public keys as a JWK Set (RFC 7517 section 5), without a round trip', async () => {
    const client = new TestClient();
    const answer = await client.get(path);
    expect(answer).toMatchObject({ status: 200, roundTrips: 0, setCookies: [] });
    expect(answer.headers.get('Content-Type')).toMatch(/^application\/json/);
    expect(answer.json).toEqual({
      keys: [
        {
          kty: 'EC',
          crv: 'P-256',
          x: expect.stringMatching(/^[\w-]{43}$/),
          y: expect.stringMatching(/^[\w-]{43}$/),
          kid: 'test-key',
          alg: 'ES256',
          use: 'sig',
        },
      ],
    });
  });

  test('has public members alone, whatever kinds of key there are and whatever else they hold (JWT-09)', async () => {
    const keys = [
      { ...(await generateSigningJwk('ec')), key_ops: ['sign'], ext: true, note: 'private note' },
      await generateKeyOf('EdDSA', 'ed'),
      await generateKeyOf('RS256', 'rsa'),
    ];
    const { json, text } = await new TestClient({ SIGNING_KEYS: JSON.stringify(keys) }).get(path);
    const members = (json.keys as object[]).map((key) => Object.keys(key).sort().join(' '));
    expect(members).toEqual(['alg crv kid kty use x y', 'alg crv kid kty use x', 'alg e kid kty n use']);
    expect(text).not.toContain('private note');
    for (const key of keys) {
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const) {
        const secret = (key as JsonWebKey)[member];
        if (secret !== undefined) expect(text.includes(secret), member).toBe(false);
      }
    }
  });

  test.each(['ES256', 'EdDSA', 'RS256'] as const)(
    'is all that another service needs to verify an access token, by %s (RFC 9068 section 4)',
    async (alg) => {
      const client = new TestClient({
        SIGNING_KEYS: JSON.stringify([await generateKeyOf(alg, `key-${alg}`)]),
      });
      const { json } = await registerUser(client);
      const keys = createLocalJWKSet((await client.get(path)).json);
      const expected = { issuer: baseUrl, audience: baseUrl, typ: 'at+jwt', algorithms: [alg] };
      const { payload, protectedHeader } = await jwtVerify(json.accessToken, keys, expected);
      expect(payload.sub).toBe(json.user.id);
      expect(protectedHeader.kid).toBe(`key-${alg}`);
      expect((await client.get('/api/auth/me', { bearer: json.accessToken })).status).toBe(200);
    },
  );

  test('is not cached while the configuration cannot be used', async () => {
    const answer = await new TestClient({ SIGNING_KEYS: '[]' }).get(path);
    expect(answer).toMatchObject({ status: 503, json: { code: 'misconfigured' } });
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
  });
});

function open(client: TestClient, { json }: Answer): Promise<Answer> {
  return client.get('/api/auth/me', { bearer: json.accessToken });
}

async function kidsOf(client: TestClient): Promise<string[]> {
  const { json } = await client.get('/.well-known/jwks.json');
  return json.keys.map(({ kid }: { kid: string }) => kid);
}

describe('rotating SIGNING_KEYS', async () => {
  const [oldKey, newKey] = [await generateSigningJwk('2026-01'), await generateSigningJwk('2026-02')];
  const deployed = (...keys: unknown[]) => new TestClient({ SIGNING_KEYS: JSON.stringify(keys) });
  const before = deployed(oldKey);
  const appended = deployed(oldKey, newKey);
  const moved = deployed(newKey, oldKey);
  const removed = deployed(newKey);

  test('the first key signs, and each step announces its keys (JWT-09)', async () => {
    const steps = [before, appended, moved, removed];
    const signing = await Promise.all(
      steps.map(async (step) => headerOf((await registerUser(step)).json.accessToken).kid),
    );
    expect(signing).toEqual(['2026-01', '2026-01', '2026-02', '2026-02']);
    expect(await Promise.all(steps.map(kidsOf))).toEqual([
      ['2026-01'],
      ['2026-01', '2026-02'],
      ['2026-02', '2026-01'],
      ['2026-02'],
    ]);
  });

  test('a token of the old key is good until that key is removed, then 401 without a round trip (JWT-09)', async () => {
    const old = await registerUser(before);
    for (const step of [appended, moved]) expect((await open(step, old)).status).toBe(200);
    expect(await open(removed, old)).toMatchObject({ status: 401, roundTrips: 0 });
  });

  test('between two neighbouring steps every token is good on both sides (JWT-09)', async () => {
    for (const [left, right] of [
      [before, appended],
      [appended, moved],
    ] as const) {
      expect((await open(right, await registerUser(left))).status).toBe(200);
      expect((await open(left, await registerUser(right))).status).toBe(200);
    }
    expect((await open(removed, await registerUser(moved))).status).toBe(200);
    expect((await open(moved, await registerUser(removed))).status).toBe(200);
  });

  test('a refresh outlives it: the old refresh token gives an access token of the new key (JWT-09)', async () => {
    const { json } = await registerUser(before);
    const refreshed = await removed.post('/api/auth/refresh', { refreshToken: json.refreshToken });
    expect(refreshed.status).toBe(200);
    expect(headerOf(refreshed.json.accessToken).kid).toBe('2026-02');
    expect((await open(removed, refreshed)).status).toBe(200);
  });

  test('a logout by an access token of a removed key ends nothing: it proves nothing any more (JWT-09)', async () => {
    const old = await registerUser(before);
    const logout = await removed.post('/api/auth/logout', undefined, { bearer: old.json.accessToken });
    expect(logout).toMatchObject({ status: 200, roundTrips: 0 });
    expect((await open(before, old)).status).toBe(200);
  });

  test.each(['EdDSA', 'RS256'] as const)(
    'the new key may be of another algorithm: %s (JWT-09)',
    async (alg) => {
      const other = deployed(await generateKeyOf(alg, 'other'), oldKey);
      expect((await open(other, await registerUser(before))).status).toBe(200);
      const fresh = await registerUser(other);
      expect(headerOf(fresh.json.accessToken).kid).toBe('other');
      expect((await open(other, fresh)).status).toBe(200);
      expect((await open(before, fresh)).status).toBe(401);
    },
  );
});
