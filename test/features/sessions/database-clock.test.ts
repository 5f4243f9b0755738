import { describe, expect, test } from 'vitest';
import { type Fragment, sql } from '../../../src/db/sql.ts';
import { logIn, password } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { openDatabase } from '../../support/database.ts';
import { ageRotations, refreshByBody, signedInBy, signIn } from './session-fixtures.ts';

/** How far the Worker's clock is off, in seconds. */
const deviations = [-120, 120];

function clientOff(seconds: number): TestClient {
  return new TestClient({}, { now: () => Date.now() + seconds * 1000 });
}

function change(sessionId: string, assignment: Fragment): Promise<unknown> {
  return openDatabase().query(sql`UPDATE sessions SET ${assignment} WHERE id = ${sessionId}::uuid`);
}

describe.each(deviations)('a Worker whose clock is off by %i s', (seconds) => {
  const client = clientOff(seconds);

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
    const limited = new TestClient({ LOGIN_ATTEMPTS_MAX: '1' }, { now: () => Date.now() + seconds * 1000 });
    const { email, userId } = await signIn(limited);
    const attempt = () => limited.post('/api/auth/login', { email, password });
    await limited.post('/api/auth/login', { email, password: 'wrong' });
    const endWindow = (ends: string) =>
      openDatabase().query(sql`
        UPDATE login_attempts SET window_ends_at = now() + ${ends}::interval
        WHERE bucket LIKE (SELECT u.address_key || ':%' FROM users u WHERE u.id = ${userId}::uuid)`);
    await endWindow('60 seconds');
    expect((await attempt()).status).toBe(429);
    await endWindow('-1 second');
    expect((await attempt()).status).toBe(200);
  });
});
