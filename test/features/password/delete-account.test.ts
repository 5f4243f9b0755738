import { beforeEach, describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { password, registerUser } from '../../support/accounts.ts';
import { authCookies, TestClient } from '../../support/client.ts';
import { openDatabase } from '../../support/database.ts';
import { type SignedIn, signIn } from '../sessions/session-fixtures.ts';
import {
  changePassword,
  deleteAccount,
  expectDead,
  recordsOf,
  signInAgain,
  signInWithoutPassword,
} from './signed-in-owner.ts';
import { findSessions, findUsers } from './stored-accounts.ts';

const client = new TestClient();

/** Every table that names the user, with how many rows do. */
async function rowsAbout(userId: string): Promise<Record<string, number>> {
  const [row] = await openDatabase().query<Record<string, number>>(sql`
    SELECT (SELECT count(*)::int FROM users u WHERE u.id = ${userId}::uuid) AS users,
      (SELECT count(*)::int FROM sessions s WHERE s.user_id = ${userId}::uuid) AS sessions,
      (SELECT count(*)::int FROM login_attempts t WHERE t.bucket LIKE ${`user:${userId}%`}) AS attempts`);
  return row!;
}

describe('DELETE /api/auth/me', () => {
  let owner: SignedIn;
  beforeEach(async () => {
    owner = await signIn(client);
  });

  test('deletes the account and every session, in two round trips, and clears the cookies (PRV-03)', async () => {
    const other = await signInAgain(client, owner.email);
    const answer = await deleteAccount(client, owner);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2, hashes: 1 });
    expect(answer.json).toStrictEqual({ success: true, message: 'Account deleted' });
    expect(answer.setCookies).toEqual([
      expect.stringMatching(/^__Host-nexora_access=; .*Max-Age=0/),
      expect.stringMatching(/^__Host-nexora_refresh=; .*Max-Age=0/),
    ]);
    for (const tokens of [owner, other]) await expectDead(client, tokens);
    expect(await rowsAbout(owner.userId)).toEqual({ users: 0, sessions: 0, attempts: 0 });
  });

  test('leaves the rows of everybody else, neighbours in every order included', async () => {
    const stranger = await signIn(client);
    const bucket = `user:${stranger.userId}:world`;
    const wrongPassword = { email: stranger.email, password: 'wrong' };
    await client.post('/api/auth/login', wrongPassword);
    await deleteAccount(client, owner);
    expect(await rowsAbout(stranger.userId)).toEqual({ users: 1, sessions: 1, attempts: 1 });
    const [row] = await openDatabase().query(
      sql`SELECT t.count FROM login_attempts t WHERE t.bucket = ${bucket}`,
    );
    expect(row).toEqual({ count: 1 });
  });

  test('takes the attempts of all devices along', async () => {
    await client.post('/api/auth/login', { email: owner.email, password: 'wrong' });
    await deleteAccount(client, owner, 'wrong');
    expect((await rowsAbout(owner.userId)).attempts).toBe(2);
    await deleteAccount(client, owner);
    expect((await rowsAbout(owner.userId)).attempts).toBe(0);
  });

  test('frees the address for a new account with a new id and nothing of the old one (PRV-03)', async () => {
    await deleteAccount(client, owner);
    const login = await client.post('/api/auth/login', { email: owner.email, password });
    expect(login.json.code).toBe('invalid_credentials');
    const { json } = await registerUser(client, { email: owner.email, name: 'Another Person' });
    expect(json.user.id).not.toBe(owner.userId);
    expect(await findSessions(json.user.id)).toHaveLength(1);
    expect((await recordsOf(json.user.id)).map(({ type }) => type)).toEqual(['user_created']);
    await expectDead(client, owner);
  });

  test('is recorded by an id that names nobody: events stay, without the address or the name (PRV-05, LOG-04)', async () => {
    const { headers } = await deleteAccount(client, owner);
    const records = await recordsOf(owner.userId);
    expect(records.map(({ type }) => type)).toEqual(['user_created', 'user_deleted']);
    expect(records[1]).toMatchObject({
      outcome: 'success',
      session_id: owner.sessionId,
      request_id: headers.get('X-Request-Id'),
    });
    const all = await openDatabase().query(
      sql`SELECT e.* FROM security_events e WHERE e.user_id = ${owner.userId}::uuid`,
    );
    expect(JSON.stringify(all)).not.toContain(owner.email);
    expect(JSON.stringify(all)).not.toContain('Test User');
  });

  test('is done by cookie as well, and the device stays known to others who use it', async () => {
    const registered = await registerUser(client);
    const cookies = authCookies(registered);
    const answer = await client.call('DELETE', '/api/auth/me', { body: { password }, cookies });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.setCookies.join()).not.toContain('nexora_device');
    expect(await findUsers(registered.email)).toEqual([]);
  });

  test('clears the cookie of the legacy application too, where one is configured', async () => {
    const upgraded = new TestClient({ LEGACY_REFRESH_COOKIE: 'refreshToken' });
    const answer = await deleteAccount(upgraded, owner);
    expect(answer.setCookies[2]).toMatch(/^refreshToken=; .*Max-Age=0/);
  });

  test.each([
    ['wrong', { password: 'wrong' }],
    ['left out', {}],
  ])('with a password that is %s is 403, and everything stays (PRV-03)', async (_what, body) => {
    const { accessToken: bearer } = owner;
    const answer = await client.call('DELETE', '/api/auth/me', { bearer, body });
    expect(answer).toMatchObject({ status: 403, roundTrips: 2, setCookies: [] });
    expect(answer.json.code).toBe('invalid_credentials');
    expect((await rowsAbout(owner.userId)).sessions).toBe(1);
    expect((await recordsOf(owner.userId)).at(-1)).toMatchObject({ type: 'authn_login_fail' });
  });

  test('of a password that was just changed takes the new one alone', async () => {
    const { json } = await changePassword(client, owner);
    expect((await deleteAccount(client, json)).json.code).toBe('invalid_credentials');
    expect((await client.get('/api/auth/me', { bearer: json.accessToken })).status).toBe(200);
  });

  test('without a password needs an authentication of the last ten minutes, and no body (SES-15, PRV-03)', async () => {
    const call = ({ accessToken: bearer }: SignedIn) => client.call('DELETE', '/api/auth/me', { bearer });
    const stale = await call(await signInWithoutPassword(client, 601));
    expect(stale).toMatchObject({ status: 403, roundTrips: 1, setCookies: [] });
    expect(stale.json.code).toBe('reauthentication_required');
    const recent = await signInWithoutPassword(client, 590);
    expect((await call(recent)).status).toBe(200);
    await expectDead(client, recent);
  });
});
