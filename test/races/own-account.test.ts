import { expect } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { expectProblem } from '../contract/expect-problem.ts';
import { prove, signInAgain } from '../features/password/signed-in-owner.ts';
import { type SignedIn, signIn } from '../features/sessions/session-fixtures.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { query } from '../support/database.ts';
import { describe, test } from '../support/races.ts';
import { whileWaiting } from './hold-rows.ts';
import { untilWaiting } from './until-waiting.ts';

const client = new TestClient({ DATABASE_TIMEOUT_MS: '8000' });

const rename = ({ accessToken }: SignedIn) =>
  client.call('PATCH', '/api/auth/me', { bearer: accessToken, body: { name: 'Renamed' } });
const exportAccount = ({ accessToken }: SignedIn) =>
  client.get('/api/auth/me/export', { bearer: accessToken });
const logOut = ({ accessToken }: SignedIn) =>
  client.post('/api/auth/logout', undefined, { bearer: accessToken });

async function stored(userId: string) {
  const [row] = await query<{ name: string; exports: number; reads: number }>(sql`
    SELECT u.name, coalesce((SELECT t.count FROM login_attempts t WHERE t.bucket = 'user:' || u.id || ':export'), 0) AS exports,
      (SELECT count(*)::int FROM security_events e WHERE e.user_id = u.id AND e.type = 'sensitive_read') AS reads
    FROM users u WHERE u.id = ${userId}::uuid`);
  return row;
}

describe.each([
  ['a change of the profile', rename],
  ['an export (LIM-16)', exportAccount],
])('%s', { timeout: 60_000 }, (_what, call) => {
  test('that waited for the account while its session ended is 401, and changes, reads, counts and records nothing (SES-04)', async () => {
    const owner = await signIn(client);
    const held = [sql`SELECT 1 FROM users WHERE id = ${owner.userId}::uuid FOR UPDATE`];
    const answer = await whileWaiting(
      held,
      () => call(owner),
      async () => expect((await logOut(owner)).status).toBe(200),
    );
    expectProblem(answer, 401, 'unauthenticated');
    expect(await stored(owner.userId)).toEqual({ name: 'Test User', exports: 0, reads: 0 });
  });
});

describe('a change of the profile', { timeout: 60_000 }, () => {
  test('that waited for the session while it ended changes nothing and is 401 (SES-04)', async () => {
    const owner = await signIn(client);
    const held = [sql`SELECT 1 FROM sessions WHERE id = ${owner.sessionId}::uuid FOR UPDATE`];
    let renamed: Promise<Answer> | undefined;
    const loggedOut = await whileWaiting(
      held,
      () => logOut(owner),
      async () => {
        renamed = rename(owner);
        await untilWaiting(2);
      },
    );
    expect(loggedOut.status).toBe(200);
    expectProblem(await renamed!, 401, 'unauthenticated');
    expect(await stored(owner.userId)).toMatchObject({ name: 'Test User' });
  });

  test('that did not wait is not disturbed by a refresh of its session', async () => {
    const owner = await signIn(client);
    const calls = Array.from({ length: 12 }, (_, index) =>
      index % 2 ? rename(owner) : client.post('/api/auth/refresh', { refreshToken: owner.bodyToken }),
    );
    expect((await Promise.all(calls)).map(({ status, roundTrips }) => [status, roundTrips])).toEqual(
      calls.map(() => [200, 1]),
    );
  });
});

describe('an export', { timeout: 60_000 }, () => {
  test('leaves no counter when the account is deleted meanwhile (LIM-16, PRV-03)', async () => {
    const owner = await signIn(client);
    const bucket = `user:${owner.userId}:export`;
    const held = sql`INSERT INTO login_attempts (bucket, count, last_attempt_id, window_ends_at)
      VALUES (${bucket}, 1, gen_random_uuid(), now() + interval '1 hour')`;
    let deleted: Promise<Answer> | undefined;
    const exported = await whileWaiting(
      [held],
      () => exportAccount(owner),
      async () => {
        deleted = prove(client, 'DELETE /api/auth/me', owner);
        await untilWaiting(2);
      },
    );
    expect([exported.status, (await deleted!).status]).toEqual([200, 200]);
    expect(await query(sql`SELECT 1 FROM login_attempts WHERE bucket = ${bucket}`)).toEqual([]);
  });

  test('is served five times in an hour, however many are asked for at once, on all sessions (LIM-16)', async () => {
    const owner = await signIn(client);
    const other = await signInAgain(client, owner.email);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => exportAccount(index % 2 ? owner : { ...owner, ...other })),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([
      ...Array(5).fill(200),
      ...Array(7).fill(429),
    ]);
    expect(await stored(owner.userId)).toMatchObject({ exports: 5, reads: 5 });
  });
});
