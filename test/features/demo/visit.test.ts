import { decodeJwt } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { insertAccount } from '../../contract/insert-account.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import { isFull, modelRoutes } from '../../contract/route-choice.ts';
import { exampleCall, exampleOf, maintenanceRoutes, registeredRoutes } from '../../contract/route-table.ts';
import { registerUser } from '../../support/accounts.ts';
import { type Answer, authCookies, cookieValue } from '../../support/client.ts';
import { demoClient, type Visit, visitDemo } from './demo-visit.ts';

const startMs = 1_790_000_123_456;
let nowMs: number;
const client = demoClient({}, { now: () => nowMs });
let visit: Visit;

const accessCookie = '__Host-nexora_access';
const refreshCookie = '__Host-nexora_refresh';

beforeEach(async () => {
  nowMs = startMs;
  visit = await visitDemo(client);
});

/** Moves the clock to this many seconds after the login. */
function at(seconds: number): void {
  nowMs = startMs + 1000 * seconds;
}

function refreshByBody(refreshToken: string): Promise<Answer> {
  return client.post('/api/auth/refresh', { refreshToken });
}

function refreshByCookie(token: string): Promise<Answer> {
  return client.post('/api/auth/refresh', undefined, { cookies: { [refreshCookie]: token } });
}

function expectExpired(answer: Answer): void {
  expect(answer).toMatchObject({
    status: 401,
    roundTrips: 0,
    setCookies: [],
    json: { code: 'session_expired' },
  });
}

describe('GET /api/auth/me of the demo user', () => {
  test('shows the user and one made-up session, by bearer and by cookie (DEM-05)', async () => {
    at(600);
    const headers = { 'CF-Connecting-IP': '203.0.113.7', 'User-Agent': 'Mozilla/5.0 Firefox/140.0' };
    const { sid } = decodeJwt(visit.accessToken);
    const told = {
      ...{ id: sid, current: true, method: 'password' },
      createdAt: new Date(1_790_000_123_000).toISOString(),
      lastActiveAt: new Date(nowMs).toISOString(),
      expiresAt: new Date(1_790_007_323_000).toISOString(),
    };
    const { json } = await registerUser(client, {}, headers);
    const stored = await client.get('/api/auth/me', { bearer: json.accessToken });
    const nothing = Object.fromEntries(Object.keys(stored.json.session).map((name) => [name, null]));
    for (const by of [{ bearer: visit.accessToken }, { cookies: visit.cookies }]) {
      const answer = await client.get('/api/auth/me', { ...by, headers });
      expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 0 });
      expect(answer.json).toStrictEqual({
        success: true,
        user: expect.objectContaining({ id: 'demo-user-id', email: 'demo@nexora.ai' }),
        session: { ...nothing, ...told },
      });
    }
  });

  test('ends with the access token, 15 minutes after it was issued', async () => {
    at(895);
    expect((await client.get('/api/auth/me', { bearer: visit.accessToken })).status).toBe(200);
    at(935);
    const answer = await client.get('/api/auth/me', { bearer: visit.accessToken });
    expect(answer).toMatchObject({ status: 401, roundTrips: 0, json: { code: 'unauthenticated' } });
  });

  test('is the only one in the list of sessions, by bearer and by cookie (DEM-05)', async () => {
    const headers = { 'CF-Connecting-IP': '203.0.113.7', 'User-Agent': 'Mozilla/5.0 Firefox/140.0' };
    const { json } = await client.get('/api/auth/me', { bearer: visit.accessToken });
    for (const by of [{ bearer: visit.accessToken }, { cookies: visit.cookies }]) {
      const answer = await client.get('/api/auth/sessions', { ...by, headers });
      expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 0 });
      expect(answer.json).toStrictEqual({ success: true, sessions: [json.session] });
    }
  });

  test('is answered to HEAD as well', async () => {
    expect((await client.call('HEAD', '/api/auth/me', { bearer: visit.accessToken })).status).toBe(200);
  });
});

describe('POST /api/auth/refresh of the demo user', () => {
  test('by body answers the same refresh token and a new access token, and sets no cookie', async () => {
    at(600);
    const answer = await refreshByBody(visit.bodyToken);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 0, setCookies: [] });
    expect(answer.json).toStrictEqual({
      success: true,
      accessToken: expect.any(String),
      refreshToken: visit.bodyToken,
      tokenType: 'Bearer',
      expiresIn: 900,
      refreshExpiresIn: 6600,
    });
    const [before, after] = [decodeJwt(visit.accessToken), decodeJwt(answer.json.accessToken)];
    expect(after).toEqual({
      ...before,
      iat: before.iat! + 600,
      exp: before.exp! + 600,
      jti: expect.any(String),
    });
    expect((await client.get('/api/auth/me', { bearer: answer.json.accessToken })).status).toBe(200);
  });

  test('by cookie answers the same cookie, and no refresh token in the body', async () => {
    at(600);
    const answer = await refreshByCookie(visit.cookies[refreshCookie]!);
    expect(answer).toMatchObject({ status: 200, roundTrips: 0 });
    expect(answer.json).not.toHaveProperty('refreshToken');
    expect(cookieValue(answer, refreshCookie)).toBe(visit.cookies[refreshCookie]);
    expect(answer.setCookies[1]).toMatch(/; Max-Age=6600$/);
  });

  test('can be repeated: nothing rotates, so nothing looks stolen', async () => {
    for (const seconds of [1, 1, 100, 3000, 3000]) {
      at(seconds);
      expect((await refreshByBody(visit.bodyToken)).json.refreshToken).toBe(visit.bodyToken);
    }
  });

  test('is session_expired from two hours after the login on, in both transports (DEM-06)', async () => {
    at(7199);
    expect((await refreshByBody(visit.bodyToken)).status).toBe(200);
    expect((await refreshByCookie(visit.cookies[refreshCookie]!)).status).toBe(200);
    for (const seconds of [7200, 7201, 1e9]) {
      at(seconds);
      expectExpired(await refreshByBody(visit.bodyToken));
      expectExpired(await refreshByCookie(visit.cookies[refreshCookie]!));
    }
  });

  test('gives no access token that outlives the two hours (DEM-06)', async () => {
    at(7140);
    const { json } = await refreshByBody(visit.bodyToken);
    expect(json).toMatchObject({ expiresIn: 60, refreshExpiresIn: 60 });
    expect(decodeJwt(json.accessToken).exp).toBe((decodeJwt(visit.accessToken).auth_time as number) + 7200);
  });

  test('is session_expired for a token of the other transport', async () => {
    expectExpired(await refreshByBody(visit.cookies[refreshCookie]!));
    expectExpired(await refreshByCookie(visit.bodyToken));
  });

  test('takes the token of the body before that of the cookie', async () => {
    const { json } = await registerUser(client);
    const cookies = { cookies: visit.cookies };
    const ordinary = await client.post('/api/auth/refresh', { refreshToken: json.refreshToken }, cookies);
    expect(ordinary.json.refreshToken).toMatch(/^nxr_/);
    const own = authCookies(await registerUser(client));
    const demo = await client.post('/api/auth/refresh', { refreshToken: visit.bodyToken }, { cookies: own });
    expect(demo).toMatchObject({ status: 200, setCookies: [], json: { refreshToken: visit.bodyToken } });
  });
});

describe('POST /api/auth/logout of the demo user', () => {
  const cleared = [accessCookie, refreshCookie].map(
    (name) => `${name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`,
  );

  test.each(['cookies', 'bearer', 'body token'])('by %s answers 200 and clears the cookies', async (by) => {
    const body = by === 'body token' ? { refreshToken: visit.bodyToken } : undefined;
    const credential = { cookies: { cookies: visit.cookies }, bearer: { bearer: visit.accessToken } };
    const answer = await client.post('/api/auth/logout', body, credential[by as 'cookies' | 'bearer']);
    expect(answer).toMatchObject({ status: 200, roundTrips: 0, setCookies: cleared });
    expect(answer.json).toStrictEqual({ success: true, message: 'Signed out' });
  });

  test('with tokens of any age is a success (SES-04)', async () => {
    at(1e6);
    for (const options of [{ cookies: visit.cookies }, { bearer: visit.accessToken }]) {
      const answer = await client.post('/api/auth/logout', undefined, options);
      expect(answer).toMatchObject({ status: 200, roundTrips: 0, setCookies: cleared });
    }
  });

  test('clears the cookies of the demo beside a body token of the demo', async () => {
    const { cookies } = visit;
    const answer = await client.post('/api/auth/logout', { refreshToken: visit.bodyToken }, { cookies });
    expect(answer.setCookies).toEqual(cleared);
  });

  test('keeps the cookies of a real session, which it did not end', async () => {
    const cookies = authCookies(await registerUser(client));
    for (const [body, options] of [
      [{ refreshToken: visit.bodyToken }, { cookies }],
      [undefined, { cookies, bearer: visit.accessToken }],
    ] as const) {
      const answer = await client.post('/api/auth/logout', body, options);
      expect(answer).toMatchObject({ status: 200, roundTrips: 0, setCookies: [] });
    }
    expect((await client.get('/api/auth/me', { cookies })).status).toBe(200);
  });

  test('ends a session of the legacy application whose cookie came along, and clears everything', async () => {
    const withLegacy = demoClient({ LEGACY_REFRESH_COOKIE: 'refresh' }, { now: () => nowMs });
    const cookies = { ...visit.cookies, refresh: 'token-of-the-earlier-system' };
    const answer = await withLegacy.post('/api/auth/logout', undefined, { cookies });
    expect(answer).toMatchObject({ status: 200, roundTrips: 1 });
    expect(answer.setCookies).toEqual([...cleared, 'refresh=; Path=/; Secure; HttpOnly; Max-Age=0']);
  });
});

describe('a real user where DEMO_MODE is on', () => {
  const real = demoClient();

  test.each(registeredRoutes)('is answered by %s as anywhere, at no greater cost', async (key) => {
    recordLog();
    for (const by of isFull || modelRoutes.includes(key)
      ? (['bearer', 'cookie'] as const)
      : ['bearer' as const]) {
      const answer = await real.call(...exampleCall(key, await insertAccount(real), by));
      const { status, roundTrips } = exampleOf(key);
      expect(answer.status, `${by} ${answer.text}`).toBe(status);
      // A clean-up goes on until nothing is left.
      if (!maintenanceRoutes.includes(key)) expect(answer.roundTrips).toBeLessThanOrEqual(roundTrips);
    }
  });

  test('is the caller where the demo stands in the cookies beside the bearer, and the other way round', async () => {
    const { json, ...answer } = await registerUser(client);
    const beside = await client.get('/api/auth/me', { bearer: json.accessToken, cookies: visit.cookies });
    expect(beside.json.user.id).toBe(json.user.id);
    const own = authCookies({ ...answer, json });
    const demo = await client.get('/api/auth/me', { bearer: visit.accessToken, cookies: own });
    expect(demo.json.user.id).toBe('demo-user-id');
  });

  test('is refused with a bearer that is none, whatever the demo left in the cookies (SES-12)', async () => {
    const headers = { Authorization: 'Basic eDp5' };
    const answer = await client.get('/api/auth/me', { cookies: visit.cookies, headers });
    expect(answer).toMatchObject({ status: 401, roundTrips: 0 });
  });
});
