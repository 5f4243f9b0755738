import { describe, expect, test } from 'vitest';
import { addressOf } from '../../../src/address/address-key.ts';
import { sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail, registration } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { openDatabase } from '../../support/database.ts';
import { causeMails, mailsTo } from '../../support/mailbox.ts';
import { keyringOf } from '../sessions/session-fixtures.ts';
import { bcryptHash } from './stored-accounts.ts';

type Headers = ReturnType<typeof freshClient>;

const client = new TestClient({ LOGIN_ATTEMPTS_MAX: '1', EMAIL_VERIFICATION: 'off' });
const required = new TestClient({ LOGIN_ATTEMPTS_MAX: '1', EMAIL_VERIFICATION: 'required' });

function guess(email: string, headers: Headers): Promise<Answer> {
  return client.post('/api/auth/login', { email, password: 'a guess of a stranger' }, { headers });
}

/** One wrong password and one refusal. */
async function lock(email: string, headers: Headers): Promise<void> {
  expect((await guess(email, headers)).status).toBe(401);
  expect((await guess(email, headers)).status).toBe(429);
}

/** Accounts with a verified address, which have had no mail yet. */
async function accounts(count: number): Promise<string[]> {
  const emails = Array.from({ length: count }, freshEmail);
  const keys = emails.map((email) => addressOf(keyringOf(client), email).keys[0]);
  await change(sql`
    INSERT INTO users (email, address_key, name, password_hash, email_verified_at)
    SELECT e, k, 'Stored User', ${bcryptHash()}, now() FROM unnest(${emails}::text[], ${keys}::text[]) AS n (e, k)`);
  return emails;
}

async function account(): Promise<string> {
  return (await accounts(1))[0]!;
}

async function change<R = unknown>(statement: ReturnType<typeof sql>): Promise<R[]> {
  return openDatabase().query<R>(statement);
}

const endWindows = () => change(sql`UPDATE login_attempts SET window_ends_at = now()`);

function register(email: string, headers: Headers): Promise<Answer> {
  return required.post('/api/auth/register', registration(email), { headers });
}

describe('mails about locks', () => {
  test('of 60 accounts that one client locks are 30 at most (EML-15)', { timeout: 60_000 }, async () => {
    const headers = freshClient();
    const emails = await accounts(60);
    for (const email of emails) await lock(email, headers);
    const mails = await change(sql`
      SELECT kind FROM mail_outbox WHERE recipient = ANY (${emails}::text[]) AND outcome IS NULL`);
    expect(mails).toEqual(Array(30).fill({ kind: 'account_locked' }));
  });

  test('that the budget of the client refused are sent with the next refused login of another one, once (EML-15, LIM-13)', async () => {
    const [headers, email] = [freshClient(), await account()];
    await causeMails(client, headers, 30);
    await lock(email, headers);
    for (const _ of Array(2)) await guess(email, headers);
    expect(await mailsTo(client, email)).toEqual([]);
    for (const _ of Array(3)) await guess(email, freshClient());
    expect(await mailsTo(client, email)).toMatchObject([{ kind: 'account_locked', outcome: null }]);
  });

  test('count for the client whoever has the address, so that no later answer tells (EML-15)', async () => {
    const known = await account();
    const banned = await account();
    await change(sql`UPDATE users SET banned_at = now() WHERE email = ${banned}`);
    for (const email of [known, banned, freshEmail()]) {
      const headers = freshClient();
      await causeMails(client, headers, 29);
      await lock(email, headers);
      expect((await register(freshEmail(), headers)).status, email).toBe(429);
    }
    const headers = freshClient();
    await causeMails(client, headers, 29);
    expect((await register(freshEmail(), headers)).status).toBe(202);
  });

  test('are four a day to one account, and the link of the fourth lives until the first is a day old (EML-15)', async () => {
    const email = await account();
    const tokens = () =>
      change<{ is_until_then: boolean; is_an_hour: boolean }>(sql`
        SELECT t.expires_at = m.first_at + interval '1 day' AS is_until_then, t.expires_at = t.created_at + interval '1 hour' AS is_an_hour
        FROM one_time_tokens t,
          (SELECT min(created_at) AS first_at FROM mail_outbox WHERE recipient = ${email} AND kind = 'account_locked') m
        WHERE t.email = ${email} AND t.kind = 'unlock' ORDER BY t.created_at`);
    for (const _ of Array(6)) {
      await endWindows();
      await lock(email, freshClient());
      await change(
        sql`UPDATE mail_outbox SET created_at = created_at - interval '10 minutes' WHERE recipient = ${email}`,
      );
      await change(sql`UPDATE one_time_tokens SET created_at = created_at - interval '10 minutes',
        expires_at = expires_at - interval '10 minutes' WHERE email = ${email}`);
    }
    expect(await mailsTo(client, email)).toHaveLength(4);
    const short = { is_until_then: false, is_an_hour: true };
    expect(await tokens()).toEqual([short, short, short, { is_until_then: true, is_an_hour: false }]);
  });

  test('cost every refusal after the first nothing: it writes no row (LIM-13)', async () => {
    const rows = async () =>
      change(sql`SELECT (SELECT count(*)::int FROM mail_outbox) AS mails, (SELECT count(*)::int FROM one_time_tokens) AS tokens,
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
      const [key] = addressOf(keyringOf(client), email).keys;
      expect(await change(sql`SELECT kind FROM mail_outbox WHERE recipient_key = ${key}`)).toEqual([
        { kind: 'account_locked' },
      ]);
    }
  });
});
