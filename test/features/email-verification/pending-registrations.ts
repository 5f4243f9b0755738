import { expect } from 'vitest';
import { addressOf } from '../../../src/address/address-key.ts';
import type { AppOptions } from '../../../src/app.ts';
import { type Fragment, sql } from '../../../src/db/sql.ts';
import {
  freshClient,
  freshEmail,
  otherPassword,
  registerUser,
  registration,
} from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { openDatabase } from '../../support/database.ts';
import { tokenFrom } from '../../support/mailbox.ts';
import { keyringOf } from '../sessions/session-fixtures.ts';

type Overrides = Readonly<Record<string, string | undefined>>;

/** A service with EMAIL_VERIFICATION=required. */
export function requiredClient(overrides: Overrides = {}, options: AppOptions = {}): TestClient {
  return new TestClient({ EMAIL_VERIFICATION: 'required', ...overrides }, options);
}

export const otherPasswords = { password: otherPassword, confirmPassword: otherPassword };

/** Registers from a client that has caused no mail yet. */
export function postRegistration(
  client: TestClient,
  email: string,
  overrides: Readonly<Record<string, unknown>> = {},
): Promise<Answer> {
  return client.post('/api/auth/register', registration(email, overrides), { headers: freshClient() });
}

/** Registers with EMAIL_VERIFICATION=required, and returns the token of the mail. */
export async function registerForToken(
  client: TestClient,
  email: string,
  overrides: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const answer = await postRegistration(client, email, overrides);
  expect(answer.status, answer.text).toBe(202);
  return tokenFrom(client, email, 'confirm_registration');
}

/** An account that is not verified, with the token of its mail. */
export async function unverifiedAccount(client: TestClient) {
  const answer = await registerUser(client, {}, freshClient());
  const { email } = answer;
  return {
    ...answer,
    userId: String(answer.json.user.id),
    token: await tokenFrom(client, email, 'verify_email'),
  };
}

/** The classes of addresses that an answer must not tell apart, by their name, each a fresh one. */
export const addressClasses: Readonly<Record<string, (client: TestClient) => Promise<string>>> = {
  new: async () => freshEmail(),
  verified: async (client) => accountWith(client, sql`email_verified_at = now()`),
  unverified: async (client) => accountWith(client, sql`name = name`),
  exempt: async (client) => accountWith(client, sql`is_verification_exempt = true`),
  'unverified, with a second factor': async (client) => accountWith(client, sql`two_factor_since = now()`),
  banned: async (client) => accountWith(client, sql`banned_at = now()`),
  'pending registration': async (client) => {
    const email = freshEmail();
    await postRegistration(client, email);
    return email;
  },
  held: async (client) => {
    const email = freshEmail();
    await hold(client, email);
    return email;
  },
  reserved: async () => 'demo@nexora.ai',
  'over its limit': async (client) => {
    const email = freshEmail();
    const required = requiredClient(stringsOf(client));
    for (const _ of Array(5)) await postRegistration(required, email);
    await useUpMails(client, email, 20);
    return email;
  },
};

/** Lets so many of the day's mails to an address be used up, whoever asks. */
export async function useUpMails(client: TestClient, email: string, count: number): Promise<void> {
  const [key] = addressOf(keyringOf(client), email).keys;
  await databaseOf(client).query(sql`
    INSERT INTO mail_outbox (id, kind, recipient, recipient_key, request_id, expires_at, finished_at, outcome)
    SELECT gen_random_uuid(), 'email_taken', '', ${key}, gen_random_uuid(), now(), now(), 'sent' FROM generate_series(1, ${count}::int)`);
}

/** A pending registration that caused no mail. Returns its address. */
export async function storeRegistration(client: TestClient, email: string): Promise<string> {
  const [subject] = addressOf(keyringOf(client), email).keys;
  await databaseOf(client).query(sql`
    INSERT INTO registration_attempts (id, email, name, password_hash, subject, expires_at)
    VALUES (gen_random_uuid(), ${email}, 'Test User', '', ${subject}, now() + interval '7 days')`);
  return email;
}

/** An account without mails, changed by `SET`. */
async function accountWith(client: TestClient, change: Fragment): Promise<string> {
  const email = freshEmail();
  const silent = new TestClient({ ...stringsOf(client), EMAIL_VERIFICATION: 'off' });
  await registerUser(silent, { email });
  await databaseOf(client).query(sql`UPDATE users SET ${change} WHERE email = ${email}`);
  return email;
}

/** Makes the address one that its former owner can still have back. */
export async function hold(client: TestClient, email: string): Promise<void> {
  await databaseOf(client).query(sql`
    INSERT INTO one_time_tokens (token_hash, kind, owner_id, target_email, expires_at)
    VALUES (sha256(${email}::bytea), 'revert_email', gen_random_uuid(), ${email}, now() + interval '7 days')`);
}

export function databaseOf(client: TestClient) {
  return openDatabase(String(client.env.DATABASE_URL));
}

function stringsOf({ env }: TestClient): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

export function resend(
  client: TestClient,
  email: string,
  headers: Readonly<Record<string, string>> = freshClient(),
): Promise<Answer> {
  return client.post('/api/auth/email/resend', { email }, { headers });
}

export function verify(
  client: TestClient,
  body: Readonly<Record<string, unknown>>,
  options: Parameters<TestClient['post']>[2] = {},
): Promise<Answer> {
  return client.post('/api/auth/email/verify', body, options);
}

/** What an answer shows, without what is another in every one. */
export function shownBy({ status, text, headers, setCookies }: Answer) {
  const own = ['x-request-id', 'server-timing', 'date'];
  // The end of the window is a clock.
  const shown = [...headers]
    .filter(([name]) => !own.includes(name))
    .map(([name, value]) => [name, value.replace(/;t=\d+/, '')]);
  return { status, text, headers: Object.fromEntries(shown), setCookies };
}

/** How many rows each table has that a registration or a mail writes to. */
export async function rowCounts(client: TestClient) {
  const [row] = await databaseOf(client).query<Record<string, number>>(sql`
    SELECT (SELECT count(*)::int FROM users) AS users, (SELECT count(*)::int FROM sessions) AS sessions,
      (SELECT count(*)::int FROM registration_attempts) AS registrations,
      (SELECT count(*)::int FROM one_time_tokens) AS tokens, (SELECT count(*)::int FROM mail_outbox) AS mails`);
  return row!;
}

/** Who has the address, as far as verification goes. */
export async function accountsOf(client: TestClient, email: string) {
  return databaseOf(client).query<{
    id: string;
    name: string;
    is_verified: boolean;
    device_generation: number;
  }>(sql`
    SELECT id, name, email_verified_at IS NOT NULL AS is_verified, device_generation FROM users WHERE lower(email) = ${email}`);
}

/** How many pending registrations this address has. */
export async function waitingFor(client: TestClient, email: string): Promise<number> {
  const [row] = await databaseOf(client).query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM registration_attempts WHERE email = ${email}`,
  );
  return row!.count;
}
