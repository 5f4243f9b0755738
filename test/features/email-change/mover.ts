import { expect } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import type { OneTimeTokenKind } from '../../../src/features/one-time-tokens/index.ts';
import { freshClient, freshEmail, password } from '../../support/accounts.ts';
import type { Answer, CallOptions, TestClient } from '../../support/client.ts';
import { openDatabase } from '../../support/database.ts';
import { storeLink } from '../../support/links.ts';
import { tokenFrom } from '../../support/mailbox.ts';
import type { SignedIn } from '../sessions/session-fixtures.ts';

export const path = '/api/auth/email/change';

export function requestChange(
  client: TestClient,
  { accessToken: bearer }: Pick<SignedIn, 'accessToken'>,
  newEmail: unknown,
  options: Omit<CallOptions, 'body' | 'bearer'> = {},
): Promise<Answer> {
  // What one client may cause is limited.
  const headers = { ...freshClient(), ...options.headers };
  return client.post(path, { newEmail }, { bearer, ...options, headers });
}

/** Follows the link of a change and shows by the password whose the account is, or by a session. */
export function confirm(
  client: TestClient,
  token: string,
  owner: Pick<SignedIn, 'accessToken'> | null = null,
): Promise<Answer> {
  return owner === null
    ? client.post(`${path}/confirm`, { token, password })
    : client.post(`${path}/confirm`, { token }, { bearer: owner.accessToken });
}

export function revert(client: TestClient, token: string): Promise<Answer> {
  return client.post(`${path}/revert`, { token });
}

/** Asks for another address and returns what the link in the mail to it carries. */
export async function linkTo(client: TestClient, owner: SignedIn, newEmail: string): Promise<string> {
  const answer = await requestChange(client, owner, newEmail);
  expect(answer.status, answer.text).toBe(202);
  return tokenFrom(client, newEmail, 'confirm_email_change');
}

/** Moves an account to an address, from whichever it has, and returns the token of the revert link. */
export async function move(
  client: TestClient,
  owner: SignedIn,
  from: string = owner.email,
  to: string = freshEmail(),
): Promise<{ readonly email: string; readonly revertToken: string }> {
  const answer = await confirm(client, await linkTo(client, owner, to));
  expect(answer.status, answer.text).toBe(200);
  return { email: to, revertToken: await tokenFrom(client, from, 'email_changed') };
}

/** Makes an address one that the account was known to have: verified. The way back to it is an ordinary one then. */
export async function settle(owner: SignedIn, db = openDatabase()): Promise<SignedIn> {
  await db.query(sql`UPDATE users SET email_verified_at = now() WHERE id = ${owner.userId}::uuid`);
  return owner;
}

/** Stores a link of a kind to an account, sent to an address that is its target too, and returns what it carries. */
export const storeLinkTo = (
  client: TestClient,
  kind: OneTimeTokenKind,
  { userId }: SignedIn,
  email: string,
) => storeLink(client, kind, { id: userId, email }, { target: email });

/** The kinds of the links of a user that can still be followed, in alphabetical order. */
export async function liveLinks(userId: string, db = openDatabase()): Promise<string[]> {
  const rows = await db.query<{ kind: string }>(sql`
    SELECT kind FROM one_time_tokens
    WHERE owner_id = ${userId}::uuid AND spent_at IS NULL AND expires_at > now() ORDER BY kind`);
  return rows.map(({ kind }) => kind);
}

export interface StoredUser {
  readonly email: string;
  readonly is_verified: boolean;
  readonly has_password: boolean;
  readonly device_generation: number;
}

export async function storedUser(userId: string, db = openDatabase()): Promise<StoredUser | undefined> {
  const [row] = await db.query<StoredUser>(sql`
    SELECT email, email_verified_at IS NOT NULL AS is_verified, password_hash IS NOT NULL AS has_password, device_generation
    FROM users WHERE id = ${userId}::uuid`);
  return row;
}

/** Changes rows as time, an operator or another system would. */
export function expectTokenInvalid(answer: Answer, roundTrips: number): void {
  expect(answer, answer.text).toMatchObject({ status: 400, roundTrips, setCookies: [] });
  expect(answer.json.code).toBe('token_invalid');
}
