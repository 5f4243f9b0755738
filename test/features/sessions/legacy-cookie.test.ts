import { describe, expect, test } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { cookieHeader, cookieValue, TestClient } from '../../support/client.ts';
import { faultyEndpoint } from '../../support/database.ts';
import {
  accessCookie,
  insertLegacySession,
  refreshByCookie,
  refreshCookie,
  sessionRow,
  signIn,
} from './session-fixtures.ts';

const legacyCookie = 'nexora_session.v1';
const client = new TestClient({ LEGACY_REFRESH_COOKIE: legacyCookie });
const clearedLegacy = `${legacyCookie}=; Path=/; Secure; HttpOnly; Max-Age=0`;

async function legacySession(prefix = 'earlier-') {
  const { userId } = await signIn(client);
  const token = `${prefix}${crypto.randomUUID()}`;
  return { token, sessionId: await insertLegacySession(userId, token) };
}

describe('LEGACY_REFRESH_COOKIE', () => {
  test('is read by refresh, which answers our cookies and clears the old one (CKE-01)', async () => {
    const { token, sessionId } = await legacySession();
    const answer = await refreshByCookie(client, token, legacyCookie);
    expect(answer).toMatchObject({ status: 200, roundTrips: 1 });
    expect(answer.json).not.toHaveProperty('refreshToken');
    expect(answer.setCookies).toHaveLength(3);
    expect(answer.setCookies[0]).toMatch(new RegExp(`^${accessCookie}=ey`));
    expect(answer.setCookies[1]).toMatch(new RegExp(`^${refreshCookie}=nxr_`));
    expect(answer.setCookies[2]).toBe(clearedLegacy);
    expect(await sessionRow(sessionId)).toMatchObject({ cookie_counter: 1, body_counter: null });
  });

  test.each([
    ['as Next.js wrote it', 'a b;c,"d"=%41/\u00e4\u{1f600}', encodeURIComponent],
    ['with a percent sign that encodes nothing', '100%-', (token: string) => token],
  ])('is read %s', async (_how, prefix, write) => {
    const { token, sessionId } = await legacySession(prefix);
    expect((await refreshByCookie(client, write(token), legacyCookie)).status).toBe(200);
    expect(await sessionRow(sessionId)).toMatchObject({ cookie_counter: 1 });
    const cookies = { [legacyCookie]: write(token) };
    expect((await client.post('/api/auth/logout', undefined, { cookies })).status).toBe(200);
    expect(await sessionRow(sessionId)).toBeNull();
  });

  test('clears it again where the answer was lost and the browser repeats within the grace', async () => {
    const { token } = await legacySession();
    const first = await refreshByCookie(client, token, legacyCookie);
    const repeat = await refreshByCookie(client, token, legacyCookie);
    expect(cookieValue(repeat, refreshCookie)).toBe(cookieValue(first, refreshCookie));
    expect(repeat.setCookies[2]).toBe(clearedLegacy);
  });

  test('yields to our own cookie, and is cleared beside it', async () => {
    const ours = await signIn(client);
    const legacy = await legacySession();
    const cookies = { [legacyCookie]: legacy.token, [refreshCookie]: ours.cookieToken };
    const answer = await client.post('/api/auth/refresh', undefined, { cookies });
    expect(answer.status).toBe(200);
    expect(answer.setCookies).toContain(clearedLegacy);
    expect(await sessionRow(ours.sessionId)).toMatchObject({ cookie_counter: 1 });
    expect(await sessionRow(legacy.sessionId)).toMatchObject({ cookie_counter: null });
  });

  test('is not read where it is not configured (CKE-05)', async () => {
    const { token, sessionId } = await legacySession();
    const before = await sessionRow(sessionId);
    const without = new TestClient();
    expect(await refreshByCookie(without, token, legacyCookie)).toMatchObject({
      status: 401,
      roundTrips: 0,
    });
    const cookies = { [legacyCookie]: token };
    const logout = await without.post('/api/auth/logout', undefined, { cookies });
    expect(logout).toMatchObject({ status: 200, roundTrips: 0 });
    expect(logout.setCookies).toHaveLength(2);
    expect(await sessionRow(sessionId)).toEqual(before);
  });

  test('is read by refresh and logout alone (CKE-05)', async () => {
    const { token } = await legacySession();
    const { accessToken, cookieToken } = await signIn(client);
    const routes = createApp().serves.filter(({ guard }) => guard === 'session');
    expect(routes.length).toBeGreaterThan(0);
    for (const { method, path } of routes) {
      for (const value of [token, accessToken, cookieToken]) {
        const answer = await client.call(method, path, { cookies: { [legacyCookie]: value } });
        expect(answer, `${method} ${path}`).toMatchObject({ status: 401, roundTrips: 0, setCookies: [] });
      }
    }
  });

  test('ends its session by a logout, which clears all three', async () => {
    const { token, sessionId } = await legacySession();
    const cookies = { [legacyCookie]: token };
    const answer = await client.post('/api/auth/logout', undefined, { cookies });
    expect(answer).toMatchObject({ status: 200, roundTrips: 1 });
    expect(answer.setCookies).toEqual([
      `${accessCookie}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`,
      `${refreshCookie}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`,
      clearedLegacy,
    ]);
    expect(await sessionRow(sessionId)).toBeNull();
  });

  test.each(['/api/auth/refresh', '/api/auth/logout'])(
    'comes under the CSRF rules at %s (RFR-10)',
    async (path) => {
      const { token, sessionId } = await legacySession();
      const before = await sessionRow(sessionId);
      const Cookie = cookieHeader({ [legacyCookie]: token });
      for (const origin of [{ Origin: 'https://evil.example' }, { 'Sec-Fetch-Site': 'same-site' }, {}]) {
        const answer = await client.post(path, undefined, { headers: { Cookie, ...origin } });
        expect(answer).toMatchObject({ status: 403, roundTrips: 0, setCookies: [] });
      }
      expect(await sessionRow(sessionId)).toEqual(before);
    },
  );

  test('stays when the refresh fails, be it 401 or 503 (DBF-03)', async () => {
    const refused = await refreshByCookie(client, 'unknown', legacyCookie);
    expect(refused).toMatchObject({ status: 401, setCookies: [] });
    const { endpoint } = await faultyEndpoint({ always: 'refuse' });
    const down = new TestClient({ LEGACY_REFRESH_COOKIE: legacyCookie, DATABASE_HTTP_ENDPOINT: endpoint });
    const { token } = await legacySession();
    const answer = await refreshByCookie(down, token, legacyCookie);
    expect(answer).toMatchObject({ status: 503, setCookies: [] });
    expect((await refreshByCookie(client, token, legacyCookie)).status).toBe(200);
  });

  test('with a name that is none is refused as misconfigured (CKE-06)', async () => {
    const broken = new TestClient({ LEGACY_REFRESH_COOKIE: 'a;b' });
    expect((await broken.post('/api/auth/logout')).json.code).toBe('misconfigured');
  });
});
