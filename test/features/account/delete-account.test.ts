import { beforeEach, describe, expect, test } from 'vitest';
import { addressOf } from '../../../src/address/address-key.ts';
import { identifier, sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail, password, registerUser } from '../../support/accounts.ts';
import { authCookies, TestClient } from '../../support/client.ts';
import { openDatabase, query } from '../../support/database.ts';
import { storeLink } from '../../support/links.ts';
import { waitingMailsTo } from '../../support/mailbox.ts';
import { requestChange } from '../email-change/mover.ts';
import { forget } from '../password/password-reset.ts';
import {
  deleteAccount,
  expectDead,
  reauthenticate,
  recordsOf,
  signInAgain,
} from '../password/signed-in-owner.ts';
import { findSessions, findUsers } from '../password/stored-accounts.ts';
import { keyringOf, type SignedIn, signIn } from '../sessions/session-fixtures.ts';

const client = new TestClient();

/** The rows of the user, with the attempts at their address and those under their id. */
async function rowsAbout({
  userId,
  email,
}: Pick<SignedIn, 'userId' | 'email'>): Promise<Record<string, number>> {
  const [subject] = addressOf(keyringOf(client), email).keys;
  const [row] = await query<Record<string, number>>(sql`
    SELECT (SELECT count(*)::int FROM users u WHERE u.id = ${userId}::uuid) AS users,
      (SELECT count(*)::int FROM sessions s WHERE s.user_id = ${userId}::uuid) AS sessions,
      (SELECT count(*)::int FROM login_attempts t WHERE t.bucket LIKE ${`user:${userId}:%`}) AS of_id,
      (SELECT count(*)::int FROM login_attempts t WHERE t.bucket LIKE ${`${subject}:%`}) AS of_address`);
  return row!;
}

/** Counts attempts under the id of a user, as for an account that has no address key. */
function countUnderId(userId: string, devices: readonly string[] = ['world']) {
  return query(sql`
    INSERT INTO login_attempts (bucket, count, last_attempt_id, window_ends_at)
    SELECT 'user:' || ${userId}::text || ':' || d, 1, gen_random_uuid(), now() + interval '15 minutes'
    FROM unnest(${devices}::text[]) d`);
}

/** Every column of the schema in which the text stands, as `table.column`. */
async function placesOf(text: string): Promise<string[]> {
  const db = openDatabase();
  const columns = await db.query<{ place: string; table_name: string; column_name: string }>(sql`
    SELECT c.table_name || '.' || c.column_name AS place, c.table_name, c.column_name FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' ORDER BY 1`);
  expect(columns.length).toBeGreaterThan(50);
  const found = await db.batch(
    columns.map(
      ({ table_name, column_name }) => sql`
      SELECT 1 FROM ${identifier(table_name)} c WHERE c.${identifier(column_name)}::text LIKE ${`%${text}%`} LIMIT 1`,
    ),
  );
  return columns.filter((_, index) => found[index]!.length > 0).map(({ place }) => place);
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
    expect(await rowsAbout(owner)).toMatchObject({ users: 0, sessions: 0, of_id: 0 });
  });

  test('leaves the rows of everybody else, neighbours in every order included', async () => {
    const stranger = await signIn(client);
    await countUnderId(stranger.userId);
    await client.post('/api/auth/login', { email: stranger.email, password: 'wrong' });
    await deleteAccount(client, owner);
    expect(await rowsAbout(stranger)).toEqual({ users: 1, sessions: 1, of_id: 1, of_address: 1 });
  });

  test('takes the attempts under its id along, of all devices; those at its address stay until their window ends, or a deletion would give them back (PRV-08)', async () => {
    await countUnderId(owner.userId, ['world', crypto.randomUUID()]);
    await client.post('/api/auth/login', { email: owner.email, password: 'wrong' });
    await deleteAccount(client, owner);
    // Of the world and of the device on which the deletion checked the password.
    expect(await rowsAbout(owner)).toEqual({ users: 0, sessions: 0, of_id: 0, of_address: 2 });
  });

  test.each([
    ['', true],
    [' of the earlier system, which has no address key', false],
  ])(
    'leaves nothing that names the user but the security events: an account%s (PRV-08)',
    async (_what, hasKey) => {
      const limited = new TestClient({ LOGIN_ATTEMPTS_MAX: '2' });
      const db = openDatabase();
      // All that leaves rows: sign-ins, locks, refused checks, mails of every kind, links, former ids, another address.
      await signInAgain(client, owner.email);
      // A sign-in fills it in.
      if (!hasKey) await db.query(sql`UPDATE users SET address_key = NULL WHERE id = ${owner.userId}::uuid`);
      const { json } = await reauthenticate(client, owner);
      const bearer = { ...owner, accessToken: json.accessToken };
      await forget(client, owner.email, freshClient());
      for (let index = 0; index < 6; index++) await forget(client, owner.email, freshClient());
      for (let index = 0; index < 3; index++)
        await limited.post('/api/auth/login', { email: owner.email, password: 'wrong' });
      for (let index = 0; index < 3; index++) await reauthenticate(limited, bearer, 'wrong');
      await requestChange(client, bearer, freshEmail(), { headers: freshClient() });
      // The third notice to an unverified address is dropped, and names whom it was for as what it counts for alone.
      const stranger = await signIn(client);
      for (let index = 0; index < 3; index++)
        await requestChange(client, stranger, owner.email, { headers: freshClient() });
      await storeLink(
        client,
        'revert_email',
        { id: owner.userId, email: freshEmail() },
        { target: freshEmail() },
      );
      expect(await placesOf(owner.userId)).toEqual(
        expect.arrayContaining(['users.id', 'mail_outbox.user_id']),
      );
      const dropped = await db.query(sql`
        SELECT 1 FROM mail_outbox WHERE recipient_key = ${`user:${owner.userId}`} AND user_id IS NULL`);
      expect(dropped).toHaveLength(hasKey ? 0 : 1);
      expect((await deleteAccount(client, bearer)).status).toBe(200);
      expect(await placesOf(owner.userId)).toEqual(['security_events.user_id']);
      expect((await waitingMailsTo(client, owner.email)).map(({ kind }) => kind)).toEqual([
        'account_deleted',
      ]);
    },
  );

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
    const all = await query(sql`SELECT e.* FROM security_events e WHERE e.user_id = ${owner.userId}::uuid`);
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
    expect((await rowsAbout(owner)).sessions).toBe(1);
    expect((await recordsOf(owner.userId)).at(-1)).toMatchObject({ type: 'authn_login_fail' });
  });
});
