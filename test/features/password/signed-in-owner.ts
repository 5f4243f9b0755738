import { expect } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { logIn, otherPassword, password } from '../../support/accounts.ts';
import { type Answer, authCookies, type TestClient } from '../../support/client.ts';
import { openDatabase } from '../../support/database.ts';
import {
  refreshByBody,
  refreshByCookie,
  type SignedIn,
  signedInBy,
  signIn,
} from '../sessions/session-fixtures.ts';

/** A bearer, for whom most calls are made. */
export type Bearer = Pick<SignedIn, 'accessToken'>;

/** Every route that asks somebody who is signed in for their current password, and how to ask it. */
export const ownersRoutes: Readonly<Record<string, (current: string | undefined) => [string, object]>> = {
  'POST /api/auth/reauthenticate': (current) => ['/api/auth/reauthenticate', { password: current }],
  'POST /api/auth/password/change': (current) => [
    '/api/auth/password/change',
    { currentPassword: current, newPassword: otherPassword, confirmPassword: otherPassword },
  ],
  'DELETE /api/auth/me': (current) => ['/api/auth/me', { password: current }],
};

/** Calls one of these routes with what is said to be the current password. */
export function prove(
  client: TestClient,
  key: string,
  { accessToken }: Bearer,
  current: string | undefined = password,
): Promise<Answer> {
  const [path, body] = ownersRoutes[key]!(current);
  return client.call(key.split(' ')[0]!, path, { bearer: accessToken, body });
}

export function reauthenticate(client: TestClient, owner: Bearer, current?: string): Promise<Answer> {
  return prove(client, 'POST /api/auth/reauthenticate', owner, current);
}

export function changePassword(
  client: TestClient,
  { accessToken }: Bearer,
  overrides: Readonly<Record<string, unknown>> = {},
): Promise<Answer> {
  const body = { currentPassword: password, newPassword: otherPassword, ...overrides };
  const confirmed = { confirmPassword: body.newPassword, ...body };
  return client.post('/api/auth/password/change', confirmed, { bearer: accessToken });
}

export function deleteAccount(client: TestClient, owner: Bearer, current?: string): Promise<Answer> {
  return prove(client, 'DELETE /api/auth/me', owner, current);
}

/** Another session of the same person. */
export async function signInAgain(client: TestClient, email: string): Promise<SignedIn> {
  return { ...signedInBy(await logIn(client, email)), email };
}

/** Somebody who signed in otherwise than by a password, and so long ago. */
export async function signInWithoutPassword(client: TestClient, secondsAgo: number): Promise<SignedIn> {
  const owner = await signIn(client);
  await openDatabase().batch([
    sql`UPDATE users SET password_hash = NULL WHERE id = ${owner.userId}::uuid`,
    sql`UPDATE sessions SET amr = '{fed}', authenticated_at = now() - make_interval(secs => ${secondsAgo}::int)
      WHERE id = ${owner.sessionId}::uuid`,
  ]);
  return owner;
}

/** Checks that nothing of a sign-in opens anything any more, and that none of its tokens is taken for a stolen one. */
export async function expectDead(client: TestClient, tokens: SignedIn): Promise<void> {
  const me = await client.get('/api/auth/me', { bearer: tokens.accessToken });
  expect([me.status, me.json.code]).toEqual([401, 'unauthenticated']);
  for (const answer of [
    await refreshByBody(client, tokens.bodyToken),
    await refreshByCookie(client, tokens.cookieToken),
  ]) {
    expect([answer.status, answer.json.code]).toEqual([401, 'session_expired']);
  }
}

/** Checks that all tokens of an answer are good, and returns them. */
export async function expectAlive(client: TestClient, answer: Answer): Promise<void> {
  const me = await client.get('/api/auth/me', { bearer: answer.json.accessToken });
  expect(me.status, me.text).toBe(200);
  const { refreshToken } = answer.json;
  if (refreshToken !== undefined) expect((await refreshByBody(client, refreshToken)).status).toBe(200);
  const cookie = authCookies(answer)['__Host-nexora_refresh'];
  if (cookie) expect((await refreshByCookie(client, cookie)).status).toBe(200);
}

/** What was recorded about a user, oldest first. */
export function recordsOf(userId: string, db = openDatabase()) {
  return db.query<{
    type: string;
    outcome: string;
    method: string | null;
    reason: string | null;
    session_id: string | null;
    request_id: string;
  }>(sql`
    SELECT type, outcome, method, reason, session_id, request_id
    FROM security_events WHERE user_id = ${userId}::uuid ORDER BY at, type`);
}
