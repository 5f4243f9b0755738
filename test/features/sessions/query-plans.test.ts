import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { freshDatabase, openDatabase } from '../../support/database.ts';
import { expectIndexed, type PlanNode, plansOf } from '../../support/query-plans.ts';
import {
  accessCookie,
  ageRotations,
  insertLegacySession,
  refreshByBody,
  refreshByCookie,
  refreshCookie,
  type SignedIn,
  sessionRow,
  signIn,
} from './session-fixtures.ts';

const usersCount = 5000;

let database: Awaited<ReturnType<typeof freshDatabase>>;
let client: TestClient;

beforeAll(async () => {
  database = await freshDatabase();
  client = new TestClient({ DATABASE_URL: database.url });
  await openDatabase(database.url).batch([
    sql`INSERT INTO users (email, name) SELECT 'user-' || n || '@example.com', 'User' FROM generate_series(1, ${usersCount}::int) n`,
    sql`INSERT INTO sessions (user_id, expires_at, absolute_expires_at, legacy_token_hash)
      SELECT u.id, now() + interval '30 days', now() + interval '30 days', sha256(convert_to(u.id::text || n, 'UTF8'))
      FROM users u, generate_series(1, 4) n`,
    sql`INSERT INTO security_events (user_id, type, outcome, request_id)
      SELECT u.id, 'authn_login_success', 'success', gen_random_uuid() FROM users u, generate_series(1, 4)`,
    sql`INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, expires_at)
      SELECT sha256(convert_to(u.id::text, 'UTF8')), 'change_email', u.id, u.email, u.email, now() + interval '1 day' FROM users u`,
    sql`ANALYZE users, sessions, security_events, one_time_tokens`,
  ]);
}, 60_000);
afterAll(() => database.drop());

/** The plans of the statements that a request sends in its one round trip. */
async function planOf(request: () => Promise<Answer>): Promise<PlanNode[]> {
  return (await plansOf(database.url, request)).flat();
}

const requests: readonly [string, (signedIn: SignedIn) => Promise<Answer>][] = [
  ['GET /me', ({ accessToken }) => client.get('/api/auth/me', { bearer: accessToken })],
  [
    'PATCH /me',
    ({ accessToken }) => client.call('PATCH', '/api/auth/me', { bearer: accessToken, body: { name: 'New' } }),
  ],
  ['a refresh by cookie', ({ cookieToken }) => refreshByCookie(client, cookieToken)],
  ['a refresh by body', ({ bodyToken }) => refreshByBody(client, bodyToken)],
  ['GET /sessions', ({ accessToken }) => client.get('/api/auth/sessions', { bearer: accessToken })],
  [
    'DELETE /sessions/:id',
    ({ accessToken, sessionId }) =>
      client.call('DELETE', `/api/auth/sessions/${sessionId}`, { bearer: accessToken }),
  ],
  [
    'DELETE /sessions',
    ({ accessToken }) => client.call('DELETE', '/api/auth/sessions', { bearer: accessToken }),
  ],
  [
    'DELETE /sessions?keep=current',
    ({ accessToken }) => client.call('DELETE', '/api/auth/sessions?keep=current', { bearer: accessToken }),
  ],
  [
    'GET /security-events',
    ({ accessToken }) => client.get('/api/auth/security-events', { bearer: accessToken }),
  ],
  [
    'a later page of GET /security-events',
    ({ accessToken }) =>
      client.get(`/api/auth/security-events?cursor=${'A'.repeat(32)}`, { bearer: accessToken }),
  ],
  ['GET /me/export', ({ accessToken }) => client.get('/api/auth/me/export', { bearer: accessToken })],
  [
    'a logout',
    ({ accessToken, cookieToken }) => {
      const cookies = { [accessCookie]: accessToken, [refreshCookie]: cookieToken };
      return client.post('/api/auth/logout', undefined, { cookies });
    },
  ],
];

describe('on large tables', () => {
  test.each(requests)('%s reads no table from end to end', async (_name, request) => {
    const signedIn = await signIn(client);
    expectIndexed(await planOf(() => request(signedIn)));
  });

  test('the end of a session whose token was reused reads no table from end to end', async () => {
    const { bodyToken, sessionId } = await signIn(client);
    await refreshByBody(client, bodyToken);
    await ageRotations(sessionId, 31, openDatabase(database.url));
    expectIndexed(await planOf(() => refreshByBody(client, bodyToken)));
    expect(await sessionRow(sessionId, openDatabase(database.url))).toBeNull();
  });

  test('a refresh and a logout with a token of the legacy system find it by its index', async () => {
    const { userId } = await signIn(client);
    const token = `earlier ${crypto.randomUUID()}`;
    await insertLegacySession(userId, token, openDatabase(database.url));
    expectIndexed(await planOf(() => refreshByBody(client, token)));
    expectIndexed(await planOf(() => client.post('/api/auth/logout', { refreshToken: token })));
  });
});
