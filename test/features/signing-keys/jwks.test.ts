import { createLocalJWKSet, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { registerUser } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { faultyEndpoint } from '../../support/database.ts';
import { baseUrl, generateSigningJwk } from '../../support/test-env.ts';
import { generateKeyOf } from './generated-keys.ts';

const path = '/.well-known/jwks.json';

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

  test('may be cached, for less than any rotation takes (JWT-09)', async () => {
    const { headers } = await new TestClient().get(path);
    expect(headers.get('Cache-Control')).toBe('public, max-age=600');
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

  test('goes on while the database is down (DBF-17)', async () => {
    const { endpoint } = await faultyEndpoint({ always: 'refuse' });
    const answer = await new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint }).get(path);
    expect(answer).toMatchObject({ status: 200, roundTrips: 0 });
  });

  test('is not cached while the configuration cannot be used', async () => {
    const answer = await new TestClient({ SIGNING_KEYS: '[]' }).get(path);
    expect(answer).toMatchObject({ status: 503, json: { code: 'misconfigured' } });
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
  });
});
