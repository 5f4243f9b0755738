import { describe, expect, test } from 'vitest';
import { addressOf } from '../../../src/address/address-key.ts';
import { sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail, otherPassword, password, registration } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { query } from '../../support/database.ts';
import { causeMails, mailsTo } from '../../support/mailbox.ts';
import { settle } from '../email-change/mover.ts';
import { keyringOf, type SignedIn, signIn } from '../sessions/session-fixtures.ts';
import { linkFor, reset } from './password-reset.ts';
import { type Bearer, changePassword, ownersRoutes, prove, recordsOf } from './signed-in-owner.ts';
import { bcryptHash } from './stored-accounts.ts';

// Without the mail of the registration, which is tested elsewhere.
const client = new TestClient({ EMAIL_VERIFICATION: 'off', LOGIN_ATTEMPTS_MAX: '2' });

/** Changes the password to and fro, and returns how many times the owner was told. */
async function changeTimes(count: number, owner: SignedIn): Promise<number> {
  let bearer: Bearer = owner;
  for (let index = 0; index < count; index++) {
    const [currentPassword, newPassword] =
      index % 2 === 0 ? [password, otherPassword] : [otherPassword, password];
    const answer = await changePassword(client, bearer, { currentPassword, newPassword });
    expect(answer.status, answer.text).toBe(200);
    bearer = answer.json;
  }
  return (await mailsTo(client, owner.email)).filter(({ kind }) => kind === 'password_changed').length;
}

describe('the notices of one account have a budget', { timeout: 60_000 }, () => {
  test('of five in an hour for a verified address (EML-13)', async () => {
    expect(await changeTimes(14, await settle(await signIn(client)))).toBe(5);
  });

  test('of two in a day for one that nobody has verified (EML-13, EML-14)', async () => {
    expect(await changeTimes(4, await signIn(client))).toBe(2);
  });

  test('that no client can use up: its 30 mails keep no notice from the owner (EML-13)', async () => {
    const owner = await settle(await signIn(client));
    const headers = freshClient();
    await causeMails(client, headers, 31);
    const body = { currentPassword: password, newPassword: otherPassword, confirmPassword: otherPassword };
    const options = { bearer: owner.accessToken, headers };
    expect((await client.post('/api/auth/password/change', body, options)).status).toBe(200);
    expect((await mailsTo(client, owner.email)).map(({ kind }) => kind)).toEqual(['password_changed']);
  });

  test('that a reset does not ask: whoever used its link is told (EML-13)', async () => {
    const owner = await settle(await signIn(client));
    await changeTimes(5, owner);
    const before = (await mailsTo(client, owner.email)).length;
    expect((await reset(client, await linkFor(client, owner.email))).status).toBe(200);
    const kinds = (await mailsTo(client, owner.email)).slice(before).map(({ kind }) => kind);
    expect(kinds.toSorted()).toEqual(['password_changed', 'reset_password']);
  });
});

describe('the owner is told by mail', () => {
  test('that the password was changed, once', async () => {
    const owner = await signIn(client);
    expect((await changePassword(client, owner)).status).toBe(200);
    expect(await mailsTo(client, owner.email)).toMatchObject([
      {
        kind: 'password_changed',
        user_id: owner.userId,
        token: expect.stringMatching(/^nxn_/),
        outcome: null,
      },
    ]);
  });

  test('nothing where a change was refused', async () => {
    const owner = await signIn(client);
    await changePassword(client, owner, { currentPassword: 'wrong' });
    expect(await mailsTo(client, owner.email)).toEqual([]);
  });

  test.each(Object.keys(ownersRoutes))(
    'that %s was refused for too many wrong passwords, once in a window, and without a link (LIM-13)',
    async (key) => {
      const owner = await signIn(client);
      for (let index = 0; index < 5; index++) await prove(client, key, owner, 'wrong');
      expect(await mailsTo(client, owner.email)).toMatchObject([
        { kind: 'password_check_locked', user_id: owner.userId, token: null },
      ]);
      const locks = (await recordsOf(owner.userId)).filter(({ type }) => type === 'authn_login_lock');
      expect(locks).toMatchObject([{ session_id: owner.sessionId, outcome: 'failure' }]);
    },
  );
});

type Headers = ReturnType<typeof freshClient>;

const strict = new TestClient({ LOGIN_ATTEMPTS_MAX: '1', EMAIL_VERIFICATION: 'off' });
const required = new TestClient({ LOGIN_ATTEMPTS_MAX: '1', EMAIL_VERIFICATION: 'required' });

function guess(email: string, headers: Headers): Promise<Answer> {
  return strict.post('/api/auth/login', { email, password: 'a guess of a stranger' }, { headers });
}

/** One wrong password and one refusal. */
async function lock(email: string, headers: Headers): Promise<void> {
  expect((await guess(email, headers)).status).toBe(401);
  expect((await guess(email, headers)).status).toBe(429);
}

/** Accounts with a verified address, which have had no mail yet. */
async function accounts(count: number): Promise<string[]> {
  const emails = Array.from({ length: count }, freshEmail);
  const keys = emails.map((email) => addressOf(keyringOf(strict), email).keys[0]);
  await query(sql`
    INSERT INTO users (email, address_key, name, password_hash, email_verified_at)
    SELECT e, k, 'Stored User', ${bcryptHash()}, now() FROM unnest(${emails}::text[], ${keys}::text[]) AS n (e, k)`);
  return emails;
}

async function account(): Promise<string> {
  return (await accounts(1))[0]!;
}

const endWindows = () => query(sql`UPDATE login_attempts SET window_ends_at = now()`);

function register(email: string, headers: Headers): Promise<Answer> {
  return required.post('/api/auth/register', registration(email), { headers });
}

describe('mails about locks', () => {
  test('of 60 accounts that one client locks are 30 at most (EML-15)', { timeout: 60_000 }, async () => {
    const headers = freshClient();
    const emails = await accounts(60);
    for (const email of emails) await lock(email, headers);
    const mails = await query(sql`
      SELECT kind FROM mail_outbox WHERE recipient = ANY (${emails}::text[]) AND outcome IS NULL`);
    expect(mails).toEqual(Array(30).fill({ kind: 'account_locked' }));
  });

  test('that the budget of the client refused are sent with the next refused login of another one, once (EML-15, LIM-13)', async () => {
    const [headers, email] = [freshClient(), await account()];
    await causeMails(strict, headers, 30);
    await lock(email, headers);
    for (const _ of Array(2)) await guess(email, headers);
    expect(await mailsTo(strict, email)).toEqual([]);
    for (const _ of Array(3)) await guess(email, freshClient());
    expect(await mailsTo(strict, email)).toMatchObject([{ kind: 'account_locked', outcome: null }]);
  });

  test('count for the client whoever has the address, so that no later answer tells (EML-15)', async () => {
    const known = await account();
    const banned = await account();
    await query(sql`UPDATE users SET banned_at = now() WHERE email = ${banned}`);
    for (const email of [known, banned, freshEmail()]) {
      const headers = freshClient();
      await causeMails(strict, headers, 29);
      await lock(email, headers);
      expect((await register(freshEmail(), headers)).status, email).toBe(429);
    }
    const headers = freshClient();
    await causeMails(strict, headers, 29);
    expect((await register(freshEmail(), headers)).status).toBe(202);
  });

  test('are four a day to one account, and the link of the fourth lives until the first is a day old (EML-15)', async () => {
    const email = await account();
    const tokens = () =>
      query<{ is_until_then: boolean; is_an_hour: boolean }>(sql`
        SELECT t.expires_at = m.first_at + interval '1 day' AS is_until_then, t.expires_at = t.created_at + interval '1 hour' AS is_an_hour
        FROM one_time_tokens t,
          (SELECT min(created_at) AS first_at FROM mail_outbox WHERE recipient = ${email} AND kind = 'account_locked') m
        WHERE t.email = ${email} AND t.kind = 'unlock' ORDER BY t.created_at`);
    for (const _ of Array(6)) {
      await endWindows();
      await lock(email, freshClient());
      await query(
        sql`UPDATE mail_outbox SET created_at = created_at - interval '10 minutes' WHERE recipient = ${email}`,
      );
      await query(sql`UPDATE one_time_tokens SET created_at = created_at - interval '10 minutes',
        expires_at = expires_at - interval '10 minutes' WHERE email = ${email}`);
    }
    expect(await mailsTo(strict, email)).toHaveLength(4);
    const short = { is_until_then: false, is_an_hour: true };
    expect(await tokens()).toEqual([short, short, short, { is_until_then: true, is_an_hour: false }]);
  });

  test('cost every refusal after the first nothing: it writes no row (LIM-13)', async () => {
    const rows = async () =>
      query(sql`SELECT (SELECT count(*)::int FROM mail_outbox) AS mails, (SELECT count(*)::int FROM one_time_tokens) AS tokens,
        (SELECT count(*)::int FROM security_events) AS events, (SELECT sum(count)::int FROM login_attempts) AS attempts`);
    for (const email of [await account(), freshEmail()]) {
      await lock(email, freshClient());
      const before = await rows();
      for (const _ of Array(3)) expect((await guess(email, freshClient())).status).toBe(429);
      expect(await rows()).toEqual(before);
    }
  });

  test('count under the key of the address, whether or not anybody has it (ENU-06)', async () => {
    const emails = [await account(), freshEmail()];
    for (const email of emails) {
      await lock(email, freshClient());
      const [key] = addressOf(keyringOf(strict), email).keys;
      expect(await query(sql`SELECT kind FROM mail_outbox WHERE recipient_key = ${key}`)).toEqual([
        { kind: 'account_locked' },
      ]);
    }
  });
});
