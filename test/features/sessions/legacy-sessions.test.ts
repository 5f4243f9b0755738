import { describe, expect, test } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { sql } from '../../../src/db/sql.ts';
import { cookieHeader, cookieValue, TestClient } from '../../support/client.ts';
import { faultyEndpoint, openDatabase, query } from '../../support/database.ts';
import { mailsTo } from '../../support/mailbox.ts';
import {
  accessCookie,
  ageRotations,
  claimsOf,
  eventsOf,
  insertLegacySession,
  refreshBy,
  refreshByBody,
  refreshByCookie,
  refreshCookie,
  sessionRow,
  signIn,
  successorIn,
} from './session-fixtures.ts';

const client = new TestClient();
const legacyCookie = 'nexora_session.v1';
const withCookie = new TestClient({ LEGACY_REFRESH_COOKIE: legacyCookie });
const clearedLegacy = `${legacyCookie}=; Path=/; Secure; HttpOnly; Max-Age=0`;
const idleTtlSeconds = 1_209_600;

/** A user with a session that the legacy system opened, by the INSERT of its guide. */
async function legacySession(prefix = `earlier.${crypto.randomUUID()}.`) {
  const { userId, email } = await signIn(client);
  const token = `${prefix}${crypto.randomUUID()}`;
  return { userId, email, token, sessionId: await insertLegacySession(userId, token) };
}

describe.each([
  ['cookie', 'body'],
  ['body', 'cookie'],
] as const)('a refresh token of the legacy system, first seen by %s', (transport, other) => {
  test('opens that transport alone, at counter 1, in one round trip', async () => {
    const { token, sessionId, userId } = await legacySession();
    const answer = await refreshBy(transport, client, token);
    expect(answer).toMatchObject({ status: 200, roundTrips: 1 });
    expect(successorIn(transport, answer)).toMatch(/^nxr_/);
    expect(successorIn(other, answer)).toBeUndefined();
    expect(await sessionRow(sessionId)).toMatchObject({
      [`${transport}_counter`]: 1,
      [`${transport}_rotated_at`]: expect.any(String),
      [`${other}_counter`]: null,
      [`${other}_rotated_at`]: null,
    });
    const me = await client.get('/api/auth/me', { bearer: answer.json.accessToken });
    expect(me.json).toMatchObject({ user: { id: userId }, session: { id: sessionId, method: 'legacy' } });
  });

  test('repeated within the grace answers the same successor', async () => {
    const { token, sessionId } = await legacySession();
    const successor = successorIn(transport, await refreshBy(transport, client, token));
    await ageRotations(sessionId, 20);
    for (let tab = 0; tab < 3; tab++) {
      const answer = await refreshBy(transport, client, token);
      expect(answer.status).toBe(200);
      expect(successorIn(transport, answer)).toBe(successor);
    }
    expect(await sessionRow(sessionId)).toMatchObject({ [`${transport}_counter`]: 1 });
  });

  test('in the other transport within the grace is 401 session_expired and changes nothing (RFR-08)', async () => {
    const { token, sessionId } = await legacySession();
    const successor = successorIn(transport, await refreshBy(transport, client, token)) ?? '';
    await ageRotations(sessionId, 20);
    const before = await sessionRow(sessionId);
    const elsewhere = await refreshBy(other, client, token);
    expect(elsewhere).toMatchObject({ status: 401, roundTrips: 1, json: { code: 'session_expired' } });
    expect(await sessionRow(sessionId)).toEqual(before);
    expect((await refreshBy(transport, client, successor)).status).toBe(200);
  });

  // Somebody else was first; the owner may come later, where the earlier application kept it.
  test.each([transport, other])(
    'that comes after the grace by %s ends the session, is recorded and told to the owner (RFR-02)',
    async (owners) => {
      const { token, sessionId, userId, email } = await legacySession();
      const successor = successorIn(transport, await refreshBy(transport, client, token)) ?? '';
      await ageRotations(sessionId, 31);
      const owner = await refreshBy(owners, client, token);
      expect(owner).toMatchObject({ status: 401, roundTrips: 2, json: { code: 'refresh_token_reused' } });
      expect(await sessionRow(sessionId)).toBeNull();
      expect((await refreshBy(transport, client, successor)).json.code).toBe('session_expired');
      expect((await refreshBy(owners, client, token)).json.code).toBe('session_expired');
      expect((await eventsOf(sessionId)).at(-1)).toEqual({
        ...{ type: 'authn_token_reuse', outcome: 'failure', user_id: userId, reason: null },
      });
      const told = (await mailsTo(client, email)).filter(({ kind }) => kind === 'refresh_token_reused');
      expect(told).toMatchObject([{ user_id: userId, outcome: null }]);
    },
  );

  test.each([transport, other])(
    'two rotations behind by %s is theft, grace or not (RFR-02)',
    async (owners) => {
      const { token, sessionId } = await legacySession();
      const successor = successorIn(transport, await refreshBy(transport, client, token)) ?? '';
      await ageRotations(sessionId, 31);
      expect((await refreshBy(transport, client, successor)).status).toBe(200);
      expect((await refreshBy(owners, client, token)).json.code).toBe('refresh_token_reused');
      expect(await sessionRow(sessionId)).toBeNull();
    },
  );
});

describe('a session of the legacy system', () => {
  test('is stored with the hash of its token alone (SES-02)', async () => {
    const { token, sessionId } = await legacySession();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token)));
    const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    const row = await sessionRow(sessionId);
    expect(row).toMatchObject({ refresh_token: null, legacy_token_hash: `\\x${hex}` });
    expect(JSON.stringify(row)).not.toContain(token);
    for (const stored of [hex, `\\x${hex}`]) {
      expect((await refreshByBody(client, stored)).json.code).toBe('session_expired');
    }
  });

  test('has no idle end until it is first used, and its own afterwards (SES-08)', async () => {
    const { token, sessionId } = await legacySession();
    await query(sql`
      UPDATE sessions SET created_at = now() - interval '25 days', last_active_at = now() - interval '25 days',
        authenticated_at = now() - interval '25 days'
      WHERE id = ${sessionId}::uuid`);
    const { status, json } = await refreshByBody(client, token);
    expect(status).toBe(200);
    expect(json.refreshExpiresIn).toBe(idleTtlSeconds);
    await ageRotations(sessionId, idleTtlSeconds + 1);
    expect((await refreshByBody(client, json.refreshToken)).json.code).toBe('session_expired');
  });

  test('ends when its expires_at says so, and its token lives no longer (RFR-07)', async () => {
    const { token, sessionId } = await legacySession();
    const db = openDatabase();
    await db.query(sql`
      UPDATE sessions SET expires_at = now() + interval '100 seconds', absolute_expires_at = now() + interval '100 seconds'
      WHERE id = ${sessionId}::uuid`);
    const { json } = await refreshByBody(client, token);
    expect(json.refreshExpiresIn).toBeGreaterThan(95);
    expect(json.refreshExpiresIn).toBeLessThanOrEqual(100);
    await db.query(sql`UPDATE sessions SET expires_at = now() WHERE id = ${sessionId}::uuid`);
    expect(await refreshByBody(client, token)).toMatchObject({ status: 401, roundTrips: 1 });
  });

  test.each([
    ['500 characters', 'x'.repeat(464)],
    ['500 characters of two UTF-16 units each', '\u{1f600}'.repeat(464)],
    ['what looks like SQL and escapes', 'back\\slash \'quote\' "double" %41 \t\u00e4'],
  ])('opens with a token of %s', async (_what, prefix) => {
    const { token, sessionId } = await legacySession(prefix);
    expect((await refreshByBody(client, token)).status).toBe(200);
    expect(await sessionRow(sessionId)).toMatchObject({ body_counter: 1 });
  });

  test('takes no token that its column had no room for, without asking the database', async () => {
    expect(await refreshByBody(client, 'x'.repeat(501))).toMatchObject({ status: 401, roundTrips: 0 });
    expect(await refreshByBody(client, '\u{1f600}'.repeat(501))).toMatchObject({
      status: 401,
      roundTrips: 0,
    });
  });

  test('claims no way of signing in that it does not know', async () => {
    const { token, sessionId } = await legacySession();
    const { json } = await refreshByBody(client, token);
    expect(claimsOf(json.accessToken)).toMatchObject({ sid: sessionId, amr: [] });
  });

  test('of equal tokens opens the newest', async () => {
    const first = await legacySession();
    const newest = await insertLegacySession(first.userId, first.token);
    const { json } = await refreshByBody(client, first.token);
    expect(claimsOf(json.accessToken).sid).toBe(newest);
    expect(await sessionRow(first.sessionId)).toMatchObject({ body_counter: null, legacy_token_hash: null });
  });

  test.each([
    ['before its first use', 0],
    ['after its first use', 1],
  ])('ends by a logout with its token %s (SES-04)', async (_name, uses) => {
    const { token, sessionId } = await legacySession();
    for (let use = 0; use < uses; use++) await refreshByBody(client, token);
    await ageRotations(sessionId, 31);
    const answer = await client.post('/api/auth/logout', { refreshToken: token });
    expect(answer).toMatchObject({ status: 200, roundTrips: 1 });
    expect(await sessionRow(sessionId)).toBeNull();
    expect((await refreshByBody(client, token)).json.code).toBe('session_expired');
  });
});

describe('LEGACY_REFRESH_COOKIE', () => {
  test('is read by refresh, which answers our cookies and clears the old one (CKE-01)', async () => {
    const { token, sessionId } = await legacySession();
    const answer = await refreshByCookie(withCookie, token, legacyCookie);
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
    expect((await refreshByCookie(withCookie, write(token), legacyCookie)).status).toBe(200);
    expect(await sessionRow(sessionId)).toMatchObject({ cookie_counter: 1 });
    const cookies = { [legacyCookie]: write(token) };
    expect((await withCookie.post('/api/auth/logout', undefined, { cookies })).status).toBe(200);
    expect(await sessionRow(sessionId)).toBeNull();
  });

  test('clears it again where the answer was lost and the browser repeats within the grace', async () => {
    const { token } = await legacySession();
    const first = await refreshByCookie(withCookie, token, legacyCookie);
    const repeat = await refreshByCookie(withCookie, token, legacyCookie);
    expect(cookieValue(repeat, refreshCookie)).toBe(cookieValue(first, refreshCookie));
    expect(repeat.setCookies[2]).toBe(clearedLegacy);
  });

  test('yields to our own cookie, and is cleared beside it', async () => {
    const ours = await signIn(withCookie);
    const legacy = await legacySession();
    const cookies = { [legacyCookie]: legacy.token, [refreshCookie]: ours.cookieToken };
    const answer = await withCookie.post('/api/auth/refresh', undefined, { cookies });
    expect(answer.status).toBe(200);
    expect(answer.setCookies).toContain(clearedLegacy);
    expect(await sessionRow(ours.sessionId)).toMatchObject({ cookie_counter: 1 });
    expect(await sessionRow(legacy.sessionId)).toMatchObject({ cookie_counter: null });
  });

  test('is not read where it is not configured (CKE-05)', async () => {
    const { token, sessionId } = await legacySession();
    const before = await sessionRow(sessionId);
    expect(await refreshByCookie(client, token, legacyCookie)).toMatchObject({
      status: 401,
      roundTrips: 0,
    });
    const cookies = { [legacyCookie]: token };
    const logout = await client.post('/api/auth/logout', undefined, { cookies });
    expect(logout).toMatchObject({ status: 200, roundTrips: 0 });
    expect(logout.setCookies).toHaveLength(2);
    expect(await sessionRow(sessionId)).toEqual(before);
  });

  test('is read by refresh and logout alone (CKE-05)', async () => {
    const { token } = await legacySession();
    const { accessToken, cookieToken } = await signIn(withCookie);
    const routes = createApp().serves.filter(({ guard }) => guard === 'session');
    expect(routes.length).toBeGreaterThan(0);
    for (const { method, path } of routes) {
      for (const value of [token, accessToken, cookieToken]) {
        const answer = await withCookie.call(method, path, { cookies: { [legacyCookie]: value } });
        expect(answer, `${method} ${path}`).toMatchObject({ status: 401, roundTrips: 0, setCookies: [] });
      }
    }
  });

  test('ends its session by a logout, which clears all three', async () => {
    const { token, sessionId } = await legacySession();
    const cookies = { [legacyCookie]: token };
    const answer = await withCookie.post('/api/auth/logout', undefined, { cookies });
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
        const answer = await withCookie.post(path, undefined, { headers: { Cookie, ...origin } });
        expect(answer).toMatchObject({ status: 403, roundTrips: 0, setCookies: [] });
      }
      expect(await sessionRow(sessionId)).toEqual(before);
    },
  );

  test('stays when the refresh fails, be it 401 or 503 (DBF-03)', async () => {
    const refused = await refreshByCookie(withCookie, 'unknown', legacyCookie);
    expect(refused).toMatchObject({ status: 401, setCookies: [] });
    const { endpoint } = await faultyEndpoint({ always: 'refuse' });
    const down = new TestClient({ LEGACY_REFRESH_COOKIE: legacyCookie, DATABASE_HTTP_ENDPOINT: endpoint });
    const { token } = await legacySession();
    const answer = await refreshByCookie(down, token, legacyCookie);
    expect(answer).toMatchObject({ status: 503, setCookies: [] });
    expect((await refreshByCookie(withCookie, token, legacyCookie)).status).toBe(200);
  });

  test('with a name that is none is refused as misconfigured (CKE-06)', async () => {
    const broken = new TestClient({ LEGACY_REFRESH_COOKIE: 'a;b' });
    expect((await broken.post('/api/auth/logout')).json.code).toBe('misconfigured');
  });
});
