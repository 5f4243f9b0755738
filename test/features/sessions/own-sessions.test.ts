import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { logIn, password } from '../../support/accounts.ts';
import { type Answer, authCookies, TestClient } from '../../support/client.ts';
import { faultyEndpoint, query } from '../../support/database.ts';
import { eventsOf, refreshByBody, sessionRow, signedInBy, signIn } from './session-fixtures.ts';

const client = new TestClient();
const path = '/api/auth/sessions';
const cap = 50;
const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const clearing = [
  expect.stringMatching(/^__Host-nexora_access=;.*Max-Age=0/),
  expect.stringMatching(/^__Host-nexora_refresh=;.*Max-Age=0/),
];

/** A user who is signed in on several devices; the first is the one that registered. */
async function signInOn(devices: number) {
  const first = await signIn(client);
  const all = [first];
  while (all.length < devices) {
    all.push({ ...signedInBy(await logIn(client, first.email)), email: first.email });
  }
  return all;
}

function listOf({ accessToken }: { readonly accessToken: string }): Promise<Answer> {
  return client.get(path, { bearer: accessToken });
}

async function idsOf(signedIn: { readonly accessToken: string }): Promise<string[]> {
  return (await listOf(signedIn)).json.sessions.map(({ id }: { id: string }) => id);
}

function statusOf({ accessToken }: { readonly accessToken: string }): Promise<number> {
  return client.get('/api/auth/me', { bearer: accessToken }).then(({ status }) => status);
}

function setActivity(sessionId: string, minutesAgo: number): Promise<unknown> {
  return query(sql`
    UPDATE sessions SET last_active_at = now() - make_interval(mins => ${minutesAgo}::int) WHERE id = ${sessionId}::uuid`);
}

/** Sessions of a user that were last active 1, 2, 3 ... minutes ago; their ids in that order. */
async function storeSessions(userId: string, count: number, expiresIn = '1 day'): Promise<string[]> {
  const rows = await query<{ id: string }>(sql`
    INSERT INTO sessions (user_id, expires_at, absolute_expires_at, last_active_at)
    SELECT ${userId}::uuid, now() + ${expiresIn}::interval, now() + interval '2 days', now() - make_interval(mins => n)
    FROM generate_series(1, ${count}::int) n
    RETURNING id`);
  return rows.map(({ id }) => id);
}

describe('GET /api/auth/sessions', () => {
  test('answers the sessions of the caller and nothing else of them, in one round trip (SES-09, PRV-07)', async () => {
    const [first] = await signInOn(1);
    const agent =
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
    const headers = { 'User-Agent': agent, 'CF-Connecting-IP': '203.0.113.7' };
    const login = await client.post('/api/auth/login', { email: first!.email, password }, { headers });
    const second = signedInBy(login);
    const answer = await listOf(second);
    expect(answer).toMatchObject({ status: 200, roundTrips: 1, setCookies: [] });
    const times = { createdAt: isoTime, lastActiveAt: isoTime, expiresAt: isoTime };
    expect(answer.json).toEqual({
      success: true,
      sessions: [
        {
          id: second.sessionId,
          current: true,
          ...times,
          ipAddress: '203.0.113.7',
          location: null,
          device: { browser: 'Chrome 140.0.0.0', os: 'Windows 10', type: 'desktop' },
          method: 'password',
        },
        {
          id: first!.sessionId,
          current: false,
          ...times,
          ipAddress: expect.any(String),
          location: null,
          device: null,
          method: 'password',
        },
      ],
    });
  });

  test('puts the newest activity first, and a refresh is activity', async () => {
    const [first, second, third] = await signInOn(3);
    await setActivity(first!.sessionId, 30);
    await setActivity(second!.sessionId, 10);
    await setActivity(third!.sessionId, 20);
    expect(await idsOf(first!)).toEqual([second, third, first].map((one) => one!.sessionId));
    await refreshByBody(client, first!.bodyToken);
    expect(await idsOf(second!)).toEqual([first, second, third].map((one) => one!.sessionId));
  });

  test('marks the session that asks, by cookie as by bearer', async () => {
    const first = await signIn(client);
    const login = await logIn(client, first.email);
    const { json } = await client.get(path, { cookies: authCookies(login) });
    const current = json.sessions.filter((session: { current: boolean }) => session.current);
    expect(current).toMatchObject([{ id: signedInBy(login).sessionId }]);
  });
});

describe('DELETE /api/auth/sessions/:id', () => {
  const revoke = (by: { readonly accessToken: string }, id: string) =>
    client.call('DELETE', `${path}/${id}`, { bearer: by.accessToken });

  test('ends another session of the caller at once, in one round trip, records it and touches no cookie (SES-10, LOG-04)', async () => {
    const [mine, other] = await signInOn(2);
    const answer = await revoke(mine!, other!.sessionId);
    expect(answer).toMatchObject({ status: 200, roundTrips: 1, setCookies: [], json: { success: true } });
    expect([await statusOf(other!), await statusOf(mine!)]).toEqual([401, 200]);
    expect((await refreshByBody(client, other!.bodyToken)).json.code).toBe('session_expired');
    expect(await idsOf(mine!)).toEqual([mine!.sessionId]);
    expect((await eventsOf(other!.sessionId)).at(-1)).toEqual({
      ...{ type: 'authn_token_revoked', outcome: 'success' },
      ...{ user_id: mine!.userId, reason: 'session_revoked' },
    });
  });

  test('ends the calling session too, and then clears its cookies', async () => {
    const [mine, other] = await signInOn(2);
    const answer = await revoke(mine!, mine!.sessionId);
    expect(answer).toMatchObject({ status: 200, setCookies: clearing });
    expect([await statusOf(mine!), await statusOf(other!)]).toEqual([401, 200]);
  });

  test('takes an id in capitals, and is 404 once the session is gone (IDM-02)', async () => {
    const [mine, other] = await signInOn(2);
    expect((await revoke(mine!, other!.sessionId.toUpperCase())).status).toBe(200);
    expect((await revoke(mine!, other!.sessionId)).json.code).toBe('session_not_found');
  });
});

describe('DELETE /api/auth/sessions', () => {
  const revokeAll = (by: { readonly accessToken: string }, query = '') =>
    client.call('DELETE', `${path}${query}`, { bearer: by.accessToken });

  test('signs out everywhere, here too, in one round trip, and clears the cookies', async () => {
    const all = await signInOn(3);
    const bystander = await signIn(client);
    const answer = await revokeAll(all[1]!);
    expect(answer).toMatchObject({ status: 200, roundTrips: 1, setCookies: clearing });
    expect(answer.json).toEqual({ success: true, revokedCount: 3 });
    for (const one of all) {
      expect(await statusOf(one)).toBe(401);
      expect(await sessionRow(one.sessionId)).toBeNull();
    }
    expect(await statusOf(bystander)).toBe(200);
  });

  test('with keep=current spares the calling session and its cookies, and records each that it ended at one instant (LOG-04)', async () => {
    const [first, second, third] = await signInOn(3);
    const answer = await revokeAll(second!, '?keep=current');
    expect(answer).toMatchObject({ status: 200, roundTrips: 1, setCookies: [] });
    expect(answer.json).toEqual({ success: true, revokedCount: 2 });
    expect([await statusOf(first!), await statusOf(second!), await statusOf(third!)]).toEqual([
      401, 200, 401,
    ]);
    expect((await revokeAll(second!, '?keep=current')).json.revokedCount).toBe(0);
    const events = await query<{ session_id: string; at: Date }>(sql`
      SELECT e.session_id, e.at FROM security_events e
      WHERE e.user_id = ${first!.userId}::uuid AND e.type = 'authn_token_revoked' AND e.reason = 'sessions_revoked'`);
    const ended = events.map(({ session_id }) => session_id).toSorted();
    expect(ended).toEqual([first!.sessionId, third!.sessionId].toSorted());
    expect(new Set(events.map(({ at }) => at.getTime())).size).toBe(1);
  });

  test('does not count what had expired', async () => {
    const [mine, other] = await signInOn(2);
    const end = sql`UPDATE sessions SET expires_at = now() WHERE id = ${other!.sessionId}::uuid`;
    await query(end);
    expect((await revokeAll(mine!)).json.revokedCount).toBe(1);
  });
});

describe('the sessions of a user', () => {
  test('are at most 50: five more sign-ins end the five that were idle longest (SES-11)', async () => {
    const early = await signInOn(5);
    const { userId, email } = early[0]!;
    const late: ReturnType<typeof signedInBy>[] = [];
    await query(sql`
      UPDATE sessions SET last_active_at = now() - interval '1 day' WHERE user_id = ${userId}::uuid`);
    const stored = await storeSessions(userId, cap - 5);
    while (late.length < 5) late.push(signedInBy(await logIn(client, email)));
    const ids = late.map(({ sessionId }) => sessionId).toReversed();
    expect(await idsOf(late[4]!)).toEqual([...ids, ...stored]);
    for (const one of early) {
      expect(await statusOf(one)).toBe(401);
      expect((await refreshByBody(client, one.bodyToken)).json.code).toBe('session_expired');
    }
  });

  test('are ended by last activity and not by age, with a record of each (SES-11, LOG-08)', async () => {
    const first = await signIn(client);
    const stored = await storeSessions(first.userId, cap + 2);
    const next = signedInBy(await logIn(client, first.email));
    expect(await idsOf(next)).toEqual([next.sessionId, first.sessionId, ...stored.slice(0, cap - 2)]);
    for (const id of stored.slice(cap - 2)) {
      expect(await sessionRow(id)).toBeNull();
      expect(await eventsOf(id)).toEqual([
        { type: 'authn_token_revoked', outcome: 'success', user_id: first.userId, reason: 'session_cap' },
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
    const live = await idsOf(answer.json);
    expect(live).toHaveLength(cap);
    expect(live).not.toContain(stored.at(-1));
    expect(live).toContain(stored.at(-2));
  });
});
