import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Fragment, sql } from '../../../src/db/sql.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { freshDatabase, openDatabase } from '../../support/database.ts';
import {
  accessCookie,
  insertEarlierSession,
  refreshByBody,
  refreshByCookie,
  refreshCookie,
  type SignedIn,
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
    sql`ANALYZE users, sessions`,
  ]);
}, 60_000);
afterAll(() => database.drop());

/** The plan nodes of the only statement that a request sends, as PostgreSQL would run it on the large tables. */
async function planOf(request: () => Promise<Answer>): Promise<Record<string, unknown>[]> {
  const outbound = vi.spyOn(globalThis, 'fetch');
  const { roundTrips } = await request();
  const bodies = outbound.mock.calls.map(([, init]) => JSON.parse(String(init?.body)));
  outbound.mockRestore();
  expect(roundTrips).toBe(1);
  expect(bodies).toHaveLength(1);
  const { query, params } = bodies[0] as { query: string; params: unknown[] };
  const statement = new Fragment(`EXPLAIN (FORMAT JSON) ${query}`.split(/\$\d+/), params);
  const [row] = await openDatabase(database.url).query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(statement);
  return nodesOf(row!['QUERY PLAN'][0]!.Plan);
}

interface PlanNode extends Record<string, unknown> {
  readonly Plans?: readonly PlanNode[];
}

function nodesOf(node: PlanNode): Record<string, unknown>[] {
  const { Plans = [], ...own } = node;
  return [own, ...Plans.flatMap(nodesOf)];
}

const requests: readonly [string, (signedIn: SignedIn) => Promise<Answer>][] = [
  ['GET /me', ({ accessToken }) => client.get('/api/auth/me', { bearer: accessToken })],
  [
    'PATCH /me',
    ({ accessToken }) => client.call('PATCH', '/api/auth/me', { bearer: accessToken, body: { name: 'New' } }),
  ],
  ['a refresh by cookie', ({ cookieToken }) => refreshByCookie(client, cookieToken)],
  ['a refresh by body', ({ bodyToken }) => refreshByBody(client, bodyToken)],
  [
    'a logout',
    ({ accessToken, cookieToken }) => {
      const cookies = { [accessCookie]: accessToken, [refreshCookie]: cookieToken };
      return client.post('/api/auth/logout', undefined, { cookies });
    },
  ],
];

describe('on large tables', () => {
  test.each(requests)('%s reads no table from end to end (DESIGN 10)', async (_name, request) => {
    const signedIn = await signIn(client);
    expectIndexed(await planOf(() => request(signedIn)));
  });

  test('a refresh and a logout with a token of the earlier system find it by its index (DESIGN 10)', async () => {
    const { userId } = await signIn(client);
    const token = `earlier ${crypto.randomUUID()}`;
    await insertEarlierSession(userId, token, openDatabase(database.url));
    expectIndexed(await planOf(() => refreshByBody(client, token)));
    expectIndexed(await planOf(() => client.post('/api/auth/logout', { refreshToken: token })));
  });
});

function expectIndexed(nodes: readonly Record<string, unknown>[]): void {
  const scans = nodes.filter(
    (node) => node['Relation Name'] !== undefined && String(node['Node Type']).includes('Scan'),
  );
  expect(scans.length).toBeGreaterThan(0);
  expect(scans.filter((node) => node['Node Type'] === 'Seq Scan')).toEqual([]);
}
