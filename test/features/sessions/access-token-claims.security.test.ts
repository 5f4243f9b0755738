import { beforeAll, describe, expect, test } from 'vitest';
import { TestClient } from '../../support/client.ts';
import { baseUrl } from '../../support/test-env.ts';
import { type Forgery, signedByUs } from './forged-jwt.ts';
import { accessCookie, type SignedIn, signIn } from './session-fixtures.ts';

const client = new TestClient();
let me: SignedIn;

beforeAll(async () => {
  me = await signIn(client);
});

async function expectRefused(forgery: Forgery): Promise<void> {
  const token = await signedByUs(client, me, forgery);
  for (const credential of [{ bearer: token }, { cookies: { [accessCookie]: token } }]) {
    const answer = await client.get('/api/auth/me', credential);
    expect(answer, JSON.stringify(forgery)).toMatchObject({ status: 401, roundTrips: 0 });
    expect(answer.json.code).toBe('unauthenticated');
  }
}

async function expectAccepted(forgery: Forgery): Promise<void> {
  const bearer = await signedByUs(client, me, forgery);
  const answer = await client.get('/api/auth/me', { bearer });
  expect(answer, JSON.stringify(forgery)).toMatchObject({ status: 200, roundTrips: 1 });
}

const now = () => Math.floor(Date.now() / 1000);

describe('a claim of an access token, under our own signature', () => {
  test.each(['iss', 'aud', 'sub', 'sid', 'iat', 'exp', 'jti', 'auth_time', 'amr'])(
    '%s is required, and so is its type (JWT-05)',
    async (claim) => {
      for (const value of [undefined, null, '', {}, [], true, ['']])
        await refuseUnlessEmptyList(claim, value);
    },
  );

  /** An empty list is what `amr` of a session of the legacy system is, and a list of texts its type. */
  async function refuseUnlessEmptyList(claim: string, value: unknown): Promise<void> {
    if (claim === 'amr' && Array.isArray(value)) await expectAccepted({ claims: { amr: value } });
    else await expectRefused({ claims: { [claim]: value } });
  }

  test.each([
    'https://evil.example',
    `${baseUrl}/`,
    `${baseUrl}.evil.example`,
    'http://auth.test',
    'HTTPS://AUTH.TEST',
    'auth.test',
  ])('iss and aud must be exactly ours, not %s (JWT-05)', async (value) => {
    await expectRefused({ claims: { iss: value } });
    await expectRefused({ claims: { aud: value } });
  });

  test('aud is one text: a list that holds ours is refused (JWT-05)', async () => {
    await expectRefused({ claims: { aud: [baseUrl] } });
    await expectRefused({ claims: { aud: [baseUrl, 'https://other.test'] } });
    await expectRefused({ claims: { iss: [baseUrl] } });
  });

  test.each(['1', 'not-a-uuid', "'; DROP TABLE users; --", '../me', '00000000000000000000000000000000'])(
    'sub and sid must be ids, not %s (JWT-05)',
    async (value) => {
      await expectRefused({ claims: { sub: value } });
      await expectRefused({ claims: { sid: value } });
    },
  );

  test('sub and sid of nobody open nothing', async () => {
    for (const claims of [{ sub: crypto.randomUUID() }, { sid: crypto.randomUUID() }]) {
      const bearer = await signedByUs(client, me, { claims });
      expect(await client.get('/api/auth/me', { bearer })).toMatchObject({ status: 401, roundTrips: 1 });
    }
  });

  test('sid of another user’s session opens nothing', async () => {
    const other = await signIn(client);
    const bearer = await signedByUs(client, me, { claims: { sid: other.sessionId } });
    expect(await client.get('/api/auth/me', { bearer })).toMatchObject({ status: 401, roundTrips: 1 });
  });
});

describe('the type of an access token', () => {
  test.each([
    undefined,
    null,
    '',
    'JWT',
    'jwt',
    'id_token',
    'dpop+jwt',
    'logout+jwt',
    'at',
    'at+jwt+x',
    'secevent+jwt',
  ])('%s is refused: nothing else that we might sign is one (JWT-05, JWT-06)', (typ) =>
    expectRefused({ header: { typ } }),
  );

  test('is taken in the long spelling of RFC 7515 section 4.1.9 too', async () => {
    await expectAccepted({ header: { typ: 'application/at+jwt' } });
  });
});

describe('the times of an access token', () => {
  test.each<[string, unknown]>([
    ['1e308', 1e308],
    ['text', '9999999999'],
    ['negative', -1],
    ['zero', 0],
    ['a fraction in the past', 1.5e9 + 0.5],
    ['beyond what a number counts', 2 ** 53],
    ['a list', [9_999_999_999]],
  ])('exp that is %s is refused (JWT-07)', (_name, exp) => expectRefused({ claims: { exp } }));

  test('an exp or iat that is a fraction is refused though it fits (JWT-07)', async () => {
    await expectRefused({ claims: { exp: now() + 300.5 } });
    await expectRefused({ claims: { iat: now() - 0.5 } });
    await expectRefused({ claims: { auth_time: now() - 0.5 } });
  });

  test('expired 61 seconds ago is refused; clocks may differ by 30 (JWT-07)', async () => {
    await expectRefused({ claims: { iat: now() - 961, exp: now() - 61 } });
    await expectRefused({ claims: { iat: now() - 600, exp: now() - 35 } });
    await expectAccepted({ claims: { iat: now() - 600, exp: now() - 20 } });
  });

  test('an exp far ahead does not prolong it: iat counts as well (JWT-07)', async () => {
    await expectAccepted({ claims: { iat: now() - 800, exp: now() + 1e9 } });
    await expectRefused({ claims: { iat: now() - 961, exp: now() + 1e9 } });
  });

  test('from the future is refused: iat, nbf (JWT-05, JWT-07)', async () => {
    await expectRefused({ claims: { iat: now() + 61, exp: now() + 961 } });
    await expectRefused({ claims: { iat: now() + 31_536_000, exp: now() + 31_536_900 } });
    await expectRefused({ claims: { nbf: now() + 61 } });
    await expectRefused({ claims: { nbf: 'now' } });
    await expectAccepted({ claims: { nbf: now() - 5 } });
  });

  test('a token of ours is good until its 15 minutes are over, then 401 without a round trip', async () => {
    const at = (seconds: number) => new TestClient({}, { now: () => Date.now() + seconds * 1000 });
    const bearer = me.accessToken;
    expect((await at(890).get('/api/auth/me', { bearer })).status).toBe(200);
    expect(await at(935).get('/api/auth/me', { bearer })).toMatchObject({ status: 401, roundTrips: 0 });
    expect(await at(-300).get('/api/auth/me', { bearer })).toMatchObject({ status: 401, roundTrips: 0 });
  });

  test('follow ACCESS_TOKEN_TTL_SECONDS, for bearer, body and cookie alike', async () => {
    const short = new TestClient({ ACCESS_TOKEN_TTL_SECONDS: '60' });
    const { bodyToken, cookieToken } = await signIn(short);
    const byBody = await short.post('/api/auth/refresh', { refreshToken: bodyToken });
    expect(byBody.json.expiresIn).toBe(60);
    const cookies = { '__Host-nexora_refresh': cookieToken };
    const byCookie = await short.post('/api/auth/refresh', undefined, { cookies });
    expect(byCookie.setCookies[0]).toMatch(/; Max-Age=60$/);
    const later = new TestClient({ ACCESS_TOKEN_TTL_SECONDS: '60' }, { now: () => Date.now() + 95_000 });
    expect((await later.get('/api/auth/me', { bearer: byBody.json.accessToken })).status).toBe(401);
  });
});
