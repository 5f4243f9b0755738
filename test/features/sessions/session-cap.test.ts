import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { logIn } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { faultyEndpoint, openDatabase } from '../../support/database.ts';
import { eventsOf, refreshByBody, sessionRow, signedInBy, signIn } from './session-fixtures.ts';

const client = new TestClient();
const cap = 50;

/** Sessions of a user that were last active 1, 2, 3 ... minutes ago; their ids in that order. */
async function storeSessions(userId: string, count: number, expiresIn = '1 day'): Promise<string[]> {
  const rows = await openDatabase().query<{ id: string }>(sql`
    INSERT INTO sessions (user_id, expires_at, absolute_expires_at, last_active_at)
    SELECT ${userId}::uuid, now() + ${expiresIn}::interval, now() + interval '2 days', now() - make_interval(mins => n)
    FROM generate_series(1, ${count}::int) n
    RETURNING id`);
  return rows.map(({ id }) => id);
}

async function idsOf(accessToken: string): Promise<string[]> {
  const { json } = await client.get('/api/auth/sessions', { bearer: accessToken });
  return json.sessions.map(({ id }: { id: string }) => id);
}

describe('the sessions of a user', () => {
  test('are at most 50: five more sign-ins end the five that were idle longest (SES-11)', async () => {
    const first = await signIn(client);
    const signInAgain = async () => ({ ...signedInBy(await logIn(client, first.email)), email: first.email });
    const [early, late] = [[first], [] as (typeof first)[]];
    while (early.length < 5) early.push(await signInAgain());
    await openDatabase().query(sql`
      UPDATE sessions SET last_active_at = now() - interval '1 day' WHERE user_id = ${first.userId}::uuid`);
    const stored = await storeSessions(first.userId, cap - 5);
    while (late.length < 5) late.push(await signInAgain());
    const ids = late.map(({ sessionId }) => sessionId).toReversed();
    expect(await idsOf(late[4]!.accessToken)).toEqual([...ids, ...stored]);
    for (const { accessToken, bodyToken } of early) {
      expect((await client.get('/api/auth/me', { bearer: accessToken })).status).toBe(401);
      expect((await refreshByBody(client, bodyToken)).json.code).toBe('session_expired');
    }
  });

  test('are ended by last activity and not by age, with a record of each (SES-11, LOG-08)', async () => {
    const first = await signIn(client);
    const stored = await storeSessions(first.userId, cap + 2);
    const next = signedInBy(await logIn(client, first.email));
    expect(await idsOf(next.accessToken)).toEqual([
      next.sessionId,
      first.sessionId,
      ...stored.slice(0, cap - 2),
    ]);
    for (const id of stored.slice(cap - 2)) {
      expect(await sessionRow(id)).toBeNull();
      expect(await eventsOf(id)).toEqual([
        {
          type: 'authn_token_revoked',
          outcome: 'success',
          user_id: first.userId,
          reason: 'session_cap',
        },
      ]);
    }
  });

  test('do not count when they have expired, and are then left to the clean-up', async () => {
    const first = await signIn(client);
    const expired = await storeSessions(first.userId, cap, '-1 second');
    await logIn(client, first.email);
    expect(await sessionRow(first.sessionId)).not.toBeNull();
    expect(await sessionRow(expired.at(-1)!)).not.toBeNull();
  });

  test('of other users do not count', async () => {
    const [first, other] = [await signIn(client), await signIn(client)];
    const stored = await storeSessions(other.userId, cap - 1);
    await logIn(client, first.email);
    expect(await sessionRow(stored.at(-1)!)).not.toBeNull();
  });

  test('are not ended by a wrong password', async () => {
    const first = await signIn(client);
    const stored = await storeSessions(first.userId, cap);
    await client.post('/api/auth/login', { email: first.email, password: 'wrong' });
    expect(await sessionRow(stored.at(-1)!)).not.toBeNull();
  });

  test('lose one and no second one when the answer of the sign-in was lost (DBF-10)', async () => {
    const first = await signIn(client);
    const stored = await storeSessions(first.userId, cap - 1);
    const faulty = await faultyEndpoint(['pass', 'commit-then-drop']);
    const answer = await logIn(new TestClient({ DATABASE_HTTP_ENDPOINT: faulty.endpoint }), first.email);
    expect(answer.roundTrips).toBe(3);
    const live = await idsOf(answer.json.accessToken);
    expect(live).toHaveLength(cap);
    expect(live).not.toContain(stored.at(-1));
    expect(live).toContain(stored.at(-2));
  });
});
