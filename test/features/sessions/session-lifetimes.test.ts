import { describe, expect, test } from 'vitest';
import { type Fragment, sql } from '../../../src/db/sql.ts';
import { logIn, password } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { query } from '../../support/database.ts';
import {
  ageRotations,
  refreshBy,
  refreshByBody,
  refreshByCookie,
  sessionRow,
  signedInBy,
  signIn,
  successorIn,
} from './session-fixtures.ts';

/** Moves everything that a session remembers into the past, as if it had been opened that much earlier. */
async function ageSession(sessionId: string, seconds: number): Promise<void> {
  await query(sql`
    UPDATE sessions SET
      created_at = created_at - make_interval(secs => ${seconds}::int),
      authenticated_at = authenticated_at - make_interval(secs => ${seconds}::int),
      last_active_at = last_active_at - make_interval(secs => ${seconds}::int),
      cookie_rotated_at = cookie_rotated_at - make_interval(secs => ${seconds}::int),
      body_rotated_at = body_rotated_at - make_interval(secs => ${seconds}::int),
      expires_at = expires_at - make_interval(secs => ${seconds}::int),
      absolute_expires_at = absolute_expires_at - make_interval(secs => ${seconds}::int)
    WHERE id = ${sessionId}::uuid`);
}

function change(sessionId: string, assignment: Fragment): Promise<unknown> {
  return query(sql`UPDATE sessions SET ${assignment} WHERE id = ${sessionId}::uuid`);
}

describe('the absolute end of a session', () => {
  const client = new TestClient({ SESSION_TTL_SECONDS: '1000', SESSION_IDLE_TTL_SECONDS: '600' });

  test('is not moved by activity: refreshing past it is 401 (RFR-07)', async () => {
    const { bodyToken, accessToken, sessionId } = await signIn(client);
    let token = bodyToken;
    const announced: number[] = [];
    for (let step = 0; step < 3; step++) {
      const { status, json } = await refreshByBody(client, token);
      expect(status).toBe(200);
      token = json.refreshToken;
      announced.push(json.refreshExpiresIn);
      await ageSession(sessionId, 330);
    }
    // 600 after login, then what is left until the end: 1000 - 330 = 670 and 1000 - 660 = 340.
    expect(announced[0]).toBe(600);
    expect(announced[1]).toBe(600);
    expect(announced[2]).toBeGreaterThan(340 - 5);
    expect(announced[2]).toBeLessThanOrEqual(340);
    await ageSession(sessionId, 20);
    expect((await refreshByBody(client, token)).json.code).toBe('session_expired');
    expect((await client.get('/api/auth/me', { bearer: accessToken })).json.code).toBe('unauthenticated');
  });

  test('bounds the cookie as well (CKE-02)', async () => {
    const { cookieToken, sessionId } = await signIn(client);
    await ageSession(sessionId, 500);
    const { setCookies, json } = await refreshByCookie(client, cookieToken);
    expect(json.refreshExpiresIn).toBeGreaterThan(500 - 5);
    expect(json.refreshExpiresIn).toBeLessThanOrEqual(500);
    expect(setCookies[1]).toMatch(new RegExp(`; Max-Age=${json.refreshExpiresIn}$`));
  });

  test('is what the person sees as expiresAt, whatever the activity', async () => {
    const { bodyToken, accessToken: bearer } = await signIn(client);
    const before = (await client.get('/api/auth/me', { bearer })).json.session;
    await refreshByBody(client, bodyToken);
    const after = (await client.get('/api/auth/me', { bearer })).json.session;
    expect(after.expiresAt).toBe(before.expiresAt);
    expect(Date.parse(after.expiresAt) - Date.parse(after.createdAt)).toBe(1_000_000);
  });

  test('a repeat inside the grace does not outlive it', async () => {
    const { bodyToken, sessionId } = await signIn(client);
    await refreshByBody(client, bodyToken);
    await query(sql`
      UPDATE sessions SET expires_at = now() - interval '1 second', absolute_expires_at = now()
      WHERE id = ${sessionId}::uuid`);
    expect((await refreshByBody(client, bodyToken)).json.code).toBe('session_expired');
  });
});

describe('the idle end of a session', () => {
  const client = new TestClient({ SESSION_TTL_SECONDS: '100000', SESSION_IDLE_TTL_SECONDS: '600' });

  test.each(['cookie', 'body'] as const)('comes without a refresh, by %s (SES-08)', async (transport) => {
    const signedIn = await signIn(client);
    const token = transport === 'cookie' ? signedIn.cookieToken : signedIn.bodyToken;
    await ageSession(signedIn.sessionId, 601);
    const answer = await refreshBy(transport, client, token);
    expect(answer).toMatchObject({ status: 401, roundTrips: 1, json: { code: 'session_expired' } });
    expect(answer.setCookies).toEqual([]);
    const me = await client.get('/api/auth/me', { bearer: signedIn.accessToken });
    expect(me).toMatchObject({ status: 401, roundTrips: 1, json: { code: 'unauthenticated' } });
  });

  test('moves with every rotation (SES-08)', async () => {
    const { bodyToken, sessionId } = await signIn(client);
    let token = bodyToken;
    for (let step = 0; step < 4; step++) {
      await ageSession(sessionId, 500);
      const answer = await refreshByBody(client, token);
      expect(answer.status).toBe(200);
      expect(answer.json.refreshExpiresIn).toBe(600);
      token = answer.json.refreshToken;
    }
  });

  test('does not move with requests that are no refresh (SES-08)', async () => {
    const { accessToken: bearer, bodyToken, sessionId } = await signIn(client);
    await ageSession(sessionId, 590);
    expect((await client.get('/api/auth/me', { bearer })).status).toBe(200);
    await ageSession(sessionId, 11);
    expect((await client.get('/api/auth/me', { bearer })).status).toBe(401);
    expect((await refreshByBody(client, bodyToken)).status).toBe(401);
  });

  test.each([
    ['cookie', 'body'],
    ['body', 'cookie'],
  ] as const)('of %s alone comes while %s stays in use', async (unused, used) => {
    const { sessionId, ...signedIn } = await signIn(client);
    const tokens = { cookie: signedIn.cookieToken, body: signedIn.bodyToken };
    let token = tokens[used];
    for (let step = 0; step < 2; step++) {
      await ageSession(sessionId, 400);
      const answer = await refreshBy(used, client, token);
      expect(answer.status).toBe(200);
      token = successorIn(used, answer) ?? '';
    }
    const before = await sessionRow(sessionId);
    const idle = await refreshBy(unused, client, tokens[unused]);
    expect(idle).toMatchObject({ status: 401, json: { code: 'session_expired' } });
    expect(await sessionRow(sessionId)).toEqual(before);
    expect((await refreshBy(used, client, token)).status).toBe(200);
  });

  test('of a transport counts from its own last rotation, not from the login', async () => {
    const { bodyToken, cookieToken, sessionId } = await signIn(client);
    await ageSession(sessionId, 400);
    const second = (await refreshByCookie(client, cookieToken)).setCookies[1]?.split(/[=;]/)[1] ?? '';
    await ageSession(sessionId, 400);
    expect((await refreshByBody(client, bodyToken)).status).toBe(401);
    expect((await refreshByCookie(client, second)).status).toBe(200);
  });

  test('a stale copy that has also idled out is expired, never theft', async () => {
    const { bodyToken, cookieToken, sessionId } = await signIn(client);
    await refreshByBody(client, bodyToken);
    await ageRotations(sessionId, 601);
    expect((await refreshByBody(client, bodyToken)).json.code).toBe('session_expired');
    expect((await refreshByCookie(client, cookieToken)).status).toBe(200);
  });
});

// How far that clock is off, in seconds.
describe.each([-120, 120])('a Worker whose clock is off by %i s', (seconds) => {
  const now = () => Date.now() + seconds * 1000;
  const client = new TestClient({}, { now });

  test('takes a session to live exactly as long as the database does (IDM-03)', async () => {
    const signedIn = await signIn(client);
    const bearer = signedIn.accessToken;
    const other = signedInBy(await logIn(client, signedIn.email));
    const end = (at: string) =>
      change(
        other.sessionId,
        sql`(expires_at, absolute_expires_at) = (SELECT t, t FROM (SELECT now() + ${at}::interval) e (t))`,
      );
    await end('60 seconds');
    const list = async () => (await client.get('/api/auth/sessions', { bearer })).json.sessions.length;
    expect(await list()).toBe(2);
    expect((await client.get('/api/auth/me', { bearer: other.accessToken })).status).toBe(200);
    expect((await refreshByBody(client, other.bodyToken)).status).toBe(200);
    await end('-60 seconds');
    expect(await list()).toBe(1);
    expect((await client.get('/api/auth/me', { bearer: other.accessToken })).status).toBe(401);
    expect((await refreshByBody(client, other.bodyToken)).json.code).toBe('session_expired');
    const revoked = await client.call('DELETE', `/api/auth/sessions/${other.sessionId}`, { bearer });
    expect(revoked.status).toBe(404);
  });

  test('grants a repeated refresh the same grace (IDM-03)', async () => {
    const { sessionId, bodyToken } = await signIn(client);
    await refreshByBody(client, bodyToken);
    await ageRotations(sessionId, 20);
    expect((await refreshByBody(client, bodyToken)).status).toBe(200);
    await ageRotations(sessionId, 20);
    expect((await refreshByBody(client, bodyToken)).json.code).toBe('refresh_token_reused');
  });

  test('takes an authentication to be recent for the same ten minutes (IDM-03, SES-15)', async () => {
    const { sessionId, accessToken: bearer } = await signIn(client);
    const late = (ago: string) => change(sessionId, sql`authenticated_at = now() - ${ago}::interval`);
    await late('9 minutes 30 seconds');
    expect((await client.get('/api/auth/me/export', { bearer })).status).toBe(200);
    await late('10 minutes 30 seconds');
    expect((await client.get('/api/auth/me/export', { bearer })).status).toBe(403);
  });

  test('opens a lock when the database says so (IDM-03)', async () => {
    const limited = new TestClient({ LOGIN_ATTEMPTS_MAX: '1' }, { now });
    const { email, userId } = await signIn(limited);
    const attempt = () => limited.post('/api/auth/login', { email, password });
    await limited.post('/api/auth/login', { email, password: 'wrong' });
    const endWindow = (ends: string) =>
      query(sql`
        UPDATE login_attempts SET window_ends_at = now() + ${ends}::interval
        WHERE bucket LIKE (SELECT u.address_key || ':%' FROM users u WHERE u.id = ${userId}::uuid)`);
    await endWindow('60 seconds');
    expect((await attempt()).status).toBe(429);
    await endWindow('-1 second');
    expect((await attempt()).status).toBe(200);
  });
});
