import { expect } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshClient } from '../../support/accounts.ts';
import type { Answer, CallOptions, TestClient } from '../../support/client.ts';
import { openDatabase, type TestDatabase } from '../../support/database.ts';
import { insertVerifiedUser } from '../../support/inserted-user.ts';
import { tokenFrom } from '../../support/mailbox.ts';
import { signInAgain } from '../password/signed-in-owner.ts';
import { type SignedIn, signIn } from '../sessions/session-fixtures.ts';

type Bearer = Pick<SignedIn, 'accessToken'>;

export const path = '/api/auth/reauthenticate/email';

export function databaseOf({ env }: TestClient): TestDatabase {
  return openDatabase(String(env.DATABASE_URL));
}

/** Somebody without a password, whose address a provider has verified, with one session. */
export async function providerUser(client: TestClient): Promise<SignedIn> {
  const user = await insertVerifiedUser(client);
  await dropPassword(client, user.userId);
  return user;
}

export function dropPassword(client: TestClient, userId: string): Promise<unknown> {
  return databaseOf(client).query(
    sql`UPDATE users SET password_hash = NULL, email_verified_at = now() WHERE id = ${userId}::uuid`,
  );
}

/** The same with two sessions. */
export async function twoSessions(client: TestClient): Promise<[SignedIn, SignedIn]> {
  const first = await signIn(client);
  const second = await signInAgain(client, first.email);
  await dropPassword(client, first.userId);
  return [first, second];
}

/** Asks for a code, from a client address of its own. */
export function requestCode(
  client: TestClient,
  { accessToken: bearer }: Bearer,
  { headers = {}, ...options }: CallOptions = {},
): Promise<Answer> {
  return client.post(path, undefined, { bearer, headers: { ...freshClient(), ...headers }, ...options });
}

/** Asks for a code and reads it in the mail. */
export async function codeFor(
  client: TestClient,
  user: Bearer & { readonly email: string },
): Promise<string> {
  const answer = await requestCode(client, user);
  expect(answer.status, answer.text).toBe(202);
  return tokenFrom(client, user.email, 'reauthentication_code');
}

export function reauthenticateBy(
  client: TestClient,
  { accessToken: bearer }: Bearer,
  emailCode: unknown,
): Promise<Answer> {
  return client.post('/api/auth/reauthenticate', { emailCode }, { bearer });
}

/** A code that is none of these. */
export function wrongCode(...codes: readonly string[]): string {
  for (let candidate = 0; ; candidate++) {
    const code = String(candidate).padStart(8, '0');
    if (!codes.includes(code)) return code;
  }
}

/** Lets the window of wrong codes end. */
export function endWindow(client: TestClient, { userId }: Pick<SignedIn, 'userId'>): Promise<unknown> {
  return databaseOf(client).query(sql`
    UPDATE login_attempts SET window_ends_at = now() WHERE bucket = ${`email-code:${userId}:world`}`);
}

/** Lets the authentication of every session of the user be eleven minutes ago. */
export function ageSessions(client: TestClient, { userId }: Pick<SignedIn, 'userId'>): Promise<unknown> {
  return databaseOf(client).query(sql`
    UPDATE sessions SET authenticated_at = now() - interval '11 minutes' WHERE user_id = ${userId}::uuid`);
}

/** The stored codes of the user, oldest first. */
export function codesOf(
  client: TestClient,
  { userId }: Pick<SignedIn, 'userId'>,
): Promise<{ hash: string; email: string; isSpent: boolean; ttl: number }[]> {
  return databaseOf(client).query(sql`
    SELECT encode(token_hash, 'hex') AS hash, email, spent_at IS NOT NULL AS "isSpent",
      extract(epoch FROM expires_at - created_at)::int AS ttl
    FROM one_time_tokens WHERE owner_id = ${userId}::uuid AND kind = 'email_code' ORDER BY created_at`);
}

/** What is recorded of codes by mail of the user, oldest first. */
export function eventsOf(
  client: TestClient,
  { userId }: Pick<SignedIn, 'userId'>,
): Promise<{ type: string; outcome: string; method: string | null; reason: string | null }[]> {
  return databaseOf(client).query(sql`
    SELECT type, outcome, method, reason FROM security_events
    WHERE user_id = ${userId}::uuid AND method = 'email_code' ORDER BY at, id`);
}
