import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { expectProblem } from '../../contract/expect-problem.ts';
import { injections } from '../../contract/injection-payloads.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import { logIn, password, registerUser } from '../../support/accounts.ts';
import { type Answer, authCookies, TestClient } from '../../support/client.ts';
import { faultyEndpoint, query } from '../../support/database.ts';
import { adminSecret } from '../../support/test-env.ts';
import { claimsOf } from '../sessions/session-fixtures.ts';

const client = new TestClient({ ADMIN_SECRET: adminSecret });
/** A client whose database is behind this endpoint. */
function clientAt(endpoint: string): TestClient {
  return new TestClient({ ADMIN_SECRET: adminSecret, DATABASE_HTTP_ENDPOINT: endpoint });
}

const actions = ['sign-out', 'ban', 'unban'] as const;
type Action = (typeof actions)[number];

function act(userId: string, action: Action, by = client): Promise<Answer> {
  return by.post(`/api/admin/users/${userId}/${action}`, undefined, {
    bearer: adminSecret,
    headers: { 'CF-Connecting-IP': '203.0.113.77', 'User-Agent': 'Operator/1.0' },
  });
}

/** Somebody with three sessions, and the answers that opened them. */
async function userWithSessions(): Promise<{ id: string; email: string; sessions: readonly Answer[] }> {
  const registered = await registerUser(client);
  const { email } = registered;
  const sessions = [registered, await logIn(client, email), await logIn(client, email)];
  return { id: registered.json.user.id, email, sessions };
}

function me(session: Answer): Promise<Answer> {
  return client.get('/api/auth/me', { bearer: session.json.accessToken });
}

/** Every way in with what a session has, and what it answers. */
async function waysIn(session: Answer): Promise<number[]> {
  const { accessToken, refreshToken } = session.json;
  const cookies = authCookies(session);
  const answers = [
    await client.get('/api/auth/me', { bearer: accessToken }),
    await client.get('/api/auth/me', { cookies }),
    await client.call('PATCH', '/api/auth/me', { bearer: accessToken, body: { name: 'x' } }),
    await client.post('/api/auth/refresh', { refreshToken }),
    await client.post('/api/auth/refresh', undefined, { cookies }),
  ];
  return answers.map(({ status }) => status);
}

interface EventRow {
  readonly id: string;
  readonly type: string;
  readonly reason: string | null;
  readonly session_id: string | null;
  readonly request_id: string;
}

/** What operators did to a user, by the record. */
function adminEvents(userId: string): Promise<EventRow[]> {
  return query<EventRow>(sql`
    SELECT e.* FROM security_events e
    WHERE e.user_id = ${userId}::uuid AND e.type IN ('authz_admin', 'authn_token_revoked') ORDER BY e.at, e.type`);
}

describe('POST /api/admin/users/:id/sign-out', () => {
  test('ends every session of the user and nobody else’s, and says how many (SES-17)', async () => {
    const [user, other] = [await userWithSessions(), await userWithSessions()];
    const answer = await act(user.id, 'sign-out');
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ success: true, revokedCount: 3 });
    expect(answer.roundTrips).toBe(1);
    for (const session of user.sessions) expect(await waysIn(session)).toEqual(Array(5).fill(401));
    for (const session of other.sessions) expect((await me(session)).status).toBe(200);
  });

  test('repeated finds none (IDM-02), and the user may sign in again', async () => {
    const user = await userWithSessions();
    await act(user.id, 'sign-out');
    expect((await act(user.id, 'sign-out')).json).toEqual({ success: true, revokedCount: 0 });
    await logIn(client, user.email);
    expect((await act(user.id, 'sign-out')).json.revokedCount).toBe(1);
  });
});

describe('POST /api/admin/users/:id/ban', () => {
  test('puts the user out at once, everywhere, and keeps them out (SES-16)', async () => {
    const user = await userWithSessions();
    expect((await act(user.id, 'ban')).json).toEqual({ success: true, revokedCount: 3 });
    for (const session of user.sessions) expect(await waysIn(session)).toEqual(Array(5).fill(401));
    const right = await client.post('/api/auth/login', { email: user.email, password });
    const wrong = await client.post('/api/auth/login', { email: user.email, password: 'wrong' });
    expectProblem(right, 401, 'invalid_credentials');
    expect({ ...right.json, requestId: '' }).toEqual({ ...wrong.json, requestId: '' });
  });

  test('repeated is 200 and keeps the time of the first one (IDM-02)', async () => {
    const { id } = await userWithSessions();
    const bannedAt = () => query(sql`SELECT banned_at FROM users WHERE id = ${id}::uuid`);
    await act(id, 'ban');
    const first = await bannedAt();
    expect((await act(id, 'ban')).json).toEqual({ success: true, revokedCount: 0 });
    expect(await bannedAt()).toEqual(first);
  });

  test('leaves nothing that comes back when it is lifted', async () => {
    const user = await userWithSessions();
    await act(user.id, 'ban');
    const unbanned = await act(user.id, 'unban');
    expect([unbanned.status, unbanned.json]).toEqual([200, { success: true }]);
    for (const session of user.sessions) expect(await waysIn(session)).toEqual(Array(5).fill(401));
    expect((await me(await logIn(client, user.email))).status).toBe(200);
    expect((await act(user.id, 'unban')).status).toBe(200);
  });
});

describe.each(actions)('POST /api/admin/users/:id/%s', (action) => {
  test('of a user that there is not is user_not_found, and so is what is no id (INP-10)', async () => {
    const absent = await act(crypto.randomUUID(), action);
    expectProblem(absent, 404, 'user_not_found');
    const ids = [
      '1',
      'me',
      'null',
      '%00',
      '%ff',
      '%',
      `${crypto.randomUUID()}x`,
      crypto.randomUUID().slice(1),
    ];
    const sample = injections.filter((_, index) => index % 20 === 0);
    for (const id of [...ids, ...sample.map((text) => encodeURIComponent(text.toWellFormed()))]) {
      // A path of dots, or of nothing, is another path.
      if (id === '' || /^(\.|%2e){1,2}$/i.test(id)) continue;
      const answer = await act(id, action);
      expect([answer.status, answer.json.code, answer.roundTrips], id).toEqual([404, 'user_not_found', 0]);
    }
  });

  test('takes an id in upper case', async () => {
    const { id } = await userWithSessions();
    expect((await act(id.toUpperCase(), action)).status).toBe(200);
  });

  test('reads no body', async () => {
    const { id } = await userWithSessions();
    const request = new Request(`https://auth.test/api/admin/users/${id}/${action}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${adminSecret}` },
      body: 'x'.repeat(100_000),
    });
    expect((await client.send(request)).status).toBe(200);
    expect(request.bodyUsed).toBe(false);
  });

  test('is recorded with the change, without the operator’s address, for the owner reads it (LOG-04, LOG-08)', async () => {
    const user = await userWithSessions();
    const faulty = await faultyEndpoint();
    const answer = await act(user.id, action, clientAt(faulty.endpoint));
    const seen = await faulty.seen();
    expect(seen).toHaveLength(1);
    const events = await adminEvents(user.id);
    const common = {
      outcome: 'success',
      method: null,
      request_id: answer.headers.get('X-Request-Id'),
      ip_address: null,
      user_agent: null,
      location: null,
    };
    const sessionIds = user.sessions.map(({ json }) => claimsOf(json.accessToken).sid as string);
    const ended = action === 'unban' ? [] : sessionIds;
    expect(events).toHaveLength(1 + ended.length);
    const reason = action.replace('-', '_');
    expect(events.at(-1)).toMatchObject({ ...common, type: 'authz_admin', reason, session_id: null });
    for (const event of events.slice(0, -1)) {
      expect(event).toMatchObject({ ...common, type: 'authn_token_revoked', reason: 'admin' });
    }
    expect(
      events
        .slice(0, -1)
        .map(({ session_id }) => session_id)
        .toSorted(),
    ).toEqual(ended.toSorted());
  });

  test('is made and recorded once when its answer was lost and it ran again (DBF-10)', async () => {
    const { id } = await userWithSessions();
    const faulty = await faultyEndpoint(['commit-then-drop']);
    const answer = await act(id, action, clientAt(faulty.endpoint));
    expect([answer.status, answer.roundTrips]).toEqual([200, 2]);
    expect(answer.json.revokedCount).toBe(action === 'unban' ? undefined : 3);
    const events = await adminEvents(id);
    expect(events.filter(({ type }) => type === 'authz_admin')).toHaveLength(1);
    expect(events).toHaveLength(action === 'unban' ? 1 : 4);
  });
});

test('the log never has what a caller put into a path (LOG-05)', async () => {
  const lines = recordLog();
  await client.post('/api/admin/users/alice@example.com/ban', undefined, { bearer: 'x'.repeat(40) });
  expect(JSON.parse(lines[0]!)).toMatchObject({
    event: 'operator_secret_refused',
    path: '/api/admin/users/*/ban',
  });
});

test('one secret for both kinds of operators opens nothing of the admin’s (CRN-06)', async () => {
  recordLog();
  const shared = new TestClient({ CRON_SECRET: adminSecret, ADMIN_SECRET: adminSecret });
  expectProblem(await act(crypto.randomUUID(), 'ban', shared), 503, 'misconfigured');
});
