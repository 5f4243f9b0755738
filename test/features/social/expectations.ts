import { expect } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { type Answer, authCookies, type Overrides, TestClient } from '../../support/client.ts';
import { query } from '../../support/database.ts';
import { landing, providerVariables } from '../../support/social.ts';

/** A client to which the built-in providers and these issuers are known. */
export function clientWith(
  issuers: readonly object[],
  overrides: Overrides = {},
  options: ConstructorParameters<typeof TestClient>[1] = {},
): TestClient {
  return new TestClient({ EMAIL_VERIFICATION: 'off', ...providerVariables(issuers), ...overrides }, options);
}

/** A subject that no other test uses. */
export function freshSubject(): string {
  return `sub-${crypto.randomUUID()}`;
}

/** Expects that a browser was sent back with this code, and without anything that signs it in. */
export function expectSentBack(answer: Answer, error: string): void {
  expect(answer.status, answer.text).toBe(303);
  expect(landing(answer)).toMatchObject({ error, code: null });
  expectNoSession(answer);
}

/** Expects that an answer sets no cookie but those that it clears. */
export function expectNoSession({ setCookies }: Answer): void {
  expect(setCookies.filter((line) => !line.includes('Max-Age=0'))).toEqual([]);
}

/** Expects a session of the cookies of an answer, and returns its user's id. */
export async function signedInUser(client: TestClient, answer: Answer): Promise<string> {
  expect(answer.status, answer.text).toBe(303);
  expect(landing(answer).error).toBeNull();
  const me = await client.get('/api/auth/me', { cookies: authCookies(answer) });
  expect(me.status, me.text).toBe(200);
  return me.json.user.id;
}

/** How many sessions the users have whose identity has this subject, and how many such users there are. */
export async function countOf(
  subject: string,
): Promise<{ readonly sessions: number; readonly users: number }> {
  const [row] = await query<{ sessions: number; users: number }>(sql`
    SELECT count(s.id)::int AS sessions, count(DISTINCT i.user_id)::int AS users
    FROM identities i LEFT JOIN sessions s ON s.user_id = i.user_id WHERE i.subject = ${subject}`);
  return row!;
}
