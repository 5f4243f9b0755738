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

// test/crypto/jwt.security.test.ts tries every value; here one of each class goes the way of a request.
describe('a claim of an access token, under our own signature', () => {
  test.each<[claim: string, wrong: unknown]>([
    ['iss', `${baseUrl}/`],
    ['iss', [baseUrl]],
    ['aud', `${baseUrl}.evil.example`],
    ['aud', [baseUrl]],
    ['sub', '../me'],
    ['sid', "'; DROP TABLE users; --"],
    ['iat', null],
    ['exp', '9999999999'],
    ['jti', ''],
    ['auth_time', true],
    ['amr', ['pwd', 1]],
  ])('%s is required, and refused as %j (JWT-05)', async (claim, wrong) => {
    await expectRefused({ claims: { [claim]: undefined } });
    await expectRefused({ claims: { [claim]: wrong } });
  });

  test('amr may be empty, as for a session of the legacy system', () =>
    expectAccepted({ claims: { amr: [] } }));

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

test('the type of an access token is at+jwt, also in the long spelling of RFC 7515 section 4.1.9 (JWT-05, JWT-06)', async () => {
  for (const typ of [undefined, 'JWT', 'id_token', 'at+jwt+x']) await expectRefused({ header: { typ } });
  await expectAccepted({ header: { typ: 'application/at+jwt' } });
});

describe('the times of an access token', () => {
  test('are whole seconds between which it is good, of clocks that may differ by 30 (JWT-05, JWT-07)', async () => {
    await expectRefused({ claims: { exp: now() + 300.5 } });
    await expectRefused({ claims: { iat: now() - 600, exp: now() - 35 } });
    await expectAccepted({ claims: { iat: now() - 600, exp: now() - 20 } });
    await expectRefused({ claims: { iat: now() + 61, exp: now() + 961 } });
    await expectRefused({ claims: { nbf: now() + 61 } });
    await expectAccepted({ claims: { nbf: now() - 5 } });
  });

  test('an exp far ahead does not prolong it: iat counts as well (JWT-07)', async () => {
    await expectAccepted({ claims: { iat: now() - 800, exp: now() + 1e9 } });
    await expectRefused({ claims: { iat: now() - 961, exp: now() + 1e9 } });
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
