import { describe, expect, test } from 'vitest';
import { cookieHeader, cookieValue, TestClient } from '../../support/client.ts';
import { faultyEndpoint } from '../../support/database.ts';
import {
  accessCookie,
  insertEarlierSession,
  refreshByCookie,
  refreshCookie,
  sessionRow,
  signIn,
} from './session-fixtures.ts';

const earlierCookie = 'nexora_session.v1';
const client = new TestClient({ LEGACY_REFRESH_COOKIE: earlierCookie });
const clearedEarlier = `${earlierCookie}=; Path=/; Secure; HttpOnly; Max-Age=0`;

async function earlierSession(prefix = 'earlier-') {
  const { userId } = await signIn(client);
  const token = `${prefix}${crypto.randomUUID()}`;
  return { token, sessionId: await insertEarlierSession(userId, token) };
}

describe('LEGACY_REFRESH_COOKIE', () => {
  test('is read by refresh, which answers our cookies and clears the old one', async () => {
    const { token, sessionId } = await earlierSession();
    const answer = await refreshByCookie(client, token, earlierCookie);
    expect(answer).toMatchObject({ status: 200, roundTrips: 1 });
    expect(answer.json).not.toHaveProperty('refreshToken');
    expect(answer.setCookies).toHaveLength(3);
    expect(answer.setCookies[0]).toMatch(new RegExp(`^${accessCookie}=ey`));
    expect(answer.setCookies[1]).toMatch(new RegExp(`^${refreshCookie}=nxr_`));
    expect(answer.setCookies[2]).toBe(clearedEarlier);
    expect(await sessionRow(sessionId)).toMatchObject({ cookie_counter: 1, body_counter: null });
  });

  test.each([
    ['as Next.js wrote it', 'a b;c,"d"=%41/\u00e4\u{1f600}', encodeURIComponent],
    ['with a percent sign that encodes nothing', '100%-', (token: string) => token],
  ])('is read %s', async (_how, prefix, write) => {
    const { token, sessionId } = await earlierSession(prefix);
    expect((await refreshByCookie(client, write(token), earlierCookie)).status).toBe(200);
    expect(await sessionRow(sessionId)).toMatchObject({ cookie_counter: 1 });
    const cookies = { [earlierCookie]: write(token) };
    expect((await client.post('/api/auth/logout', undefined, { cookies })).status).toBe(200);
    expect(await sessionRow(sessionId)).toBeNull();
  });

  test('clears it again where the answer was lost and the browser repeats within the grace', async () => {
    const { token } = await earlierSession();
    const first = await refreshByCookie(client, token, earlierCookie);
    const repeat = await refreshByCookie(client, token, earlierCookie);
    expect(cookieValue(repeat, refreshCookie)).toBe(cookieValue(first, refreshCookie));
    expect(repeat.setCookies[2]).toBe(clearedEarlier);
  });

  test('yields to our own cookie, and is cleared beside it', async () => {
    const ours = await signIn(client);
    const earlier = await earlierSession();
    const cookies = { [earlierCookie]: earlier.token, [refreshCookie]: ours.cookieToken };
    const answer = await client.post('/api/auth/refresh', undefined, { cookies });
    expect(answer.status).toBe(200);
    expect(answer.setCookies).toContain(clearedEarlier);
    expect(await sessionRow(ours.sessionId)).toMatchObject({ cookie_counter: 1 });
    expect(await sessionRow(earlier.sessionId)).toMatchObject({ cookie_counter: null });
  });

  test('is not read where it is not configured (CKE-05)', async () => {
    const { token, sessionId } = await earlierSession();
    const before = await sessionRow(sessionId);
    const without = new TestClient();
    expect(await refreshByCookie(without, token, earlierCookie)).toMatchObject({
      status: 401,
      roundTrips: 0,
    });
    const cookies = { [earlierCookie]: token };
    const logout = await without.post('/api/auth/logout', undefined, { cookies });
    expect(logout).toMatchObject({ status: 200, roundTrips: 0 });
    expect(logout.setCookies).toHaveLength(2);
    expect(await sessionRow(sessionId)).toEqual(before);
  });

  test('is read by refresh and logout alone (CKE-05)', async () => {
    const { token } = await earlierSession();
    const { accessToken, cookieToken } = await signIn(client);
    const routes = client.app.serves.filter(({ guard }) => guard === 'session');
    expect(routes.length).toBeGreaterThan(0);
    for (const { method, path } of routes) {
      for (const value of [token, accessToken, cookieToken]) {
        const answer = await client.call(method, path, { cookies: { [earlierCookie]: value } });
        expect(answer, `${method} ${path}`).toMatchObject({ status: 401, roundTrips: 0, setCookies: [] });
      }
    }
  });

  test('ends its session by a logout, which clears all three', async () => {
    const { token, sessionId } = await earlierSession();
    const cookies = { [earlierCookie]: token };
    const answer = await client.post('/api/auth/logout', undefined, { cookies });
    expect(answer).toMatchObject({ status: 200, roundTrips: 1 });
    expect(answer.setCookies).toEqual([
      `${accessCookie}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`,
      `${refreshCookie}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`,
      clearedEarlier,
    ]);
    expect(await sessionRow(sessionId)).toBeNull();
  });

  test.each(['/api/auth/refresh', '/api/auth/logout'])(
    'comes under the CSRF rules at %s (RFR-10)',
    async (path) => {
      const { token, sessionId } = await earlierSession();
      const before = await sessionRow(sessionId);
      const Cookie = cookieHeader({ [earlierCookie]: token });
      for (const origin of [{ Origin: 'https://evil.example' }, { 'Sec-Fetch-Site': 'same-site' }, {}]) {
        const answer = await client.post(path, undefined, { headers: { Cookie, ...origin } });
        expect(answer).toMatchObject({ status: 403, roundTrips: 0, setCookies: [] });
      }
      expect(await sessionRow(sessionId)).toEqual(before);
    },
  );

  test('stays when the refresh fails, be it 401 or 503 (DBF-03)', async () => {
    const refused = await refreshByCookie(client, 'unknown', earlierCookie);
    expect(refused).toMatchObject({ status: 401, setCookies: [] });
    const { endpoint } = await faultyEndpoint({ always: 'refuse' });
    const down = new TestClient({ LEGACY_REFRESH_COOKIE: earlierCookie, DATABASE_HTTP_ENDPOINT: endpoint });
    const { token } = await earlierSession();
    const answer = await refreshByCookie(down, token, earlierCookie);
    expect(answer).toMatchObject({ status: 503, setCookies: [] });
    expect((await refreshByCookie(client, token, earlierCookie)).status).toBe(200);
  });

  test.each(['a b', 'a;b', 'a=b', 'ä'])(
    'with the name "%s" is refused as misconfigured (CKE-06)',
    async (name) => {
      const broken = new TestClient({ LEGACY_REFRESH_COOKIE: name });
      expect((await broken.post('/api/auth/logout')).json.code).toBe('misconfigured');
    },
  );
});
