import { beforeAll, expect, inject, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { fillLargeTables } from '../../tools/large-tables.ts';
import { bcryptHash } from '../features/password/stored-accounts.ts';
import {
  refreshByBody,
  refreshByCookie,
  type SignedIn,
  signIn,
} from '../features/sessions/session-fixtures.ts';
import { freshEmail, password, registration } from '../support/accounts.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { databaseUrl, query } from '../support/database.ts';
import { expectIndexed, type PlanNode, plansOf } from '../support/query-plans.ts';
import { describe } from '../support/races.ts';

// A tenth of it in the loop of whoever works on something else: to the planner that is large as well.
const share = inject('isFull') ? 1 : 0.1;

const client = new TestClient();

beforeAll(async () => {
  await fillLargeTables((statement) => query(statement), share);
}, 120_000);

const sessions = '/api/auth/sessions';
const logIn = (email: string, text: string) => client.post('/api/auth/login', { email, password: text });
const as = (method: string, path: string) => (by: SignedIn) =>
  client.call(method, path, { bearer: by.accessToken });

/** What people do all the time, with the statements that each of it takes. */
const requests: readonly [string, number, (signedIn: SignedIn) => Promise<Answer>][] = [
  ['a login', 10, ({ email }) => logIn(email, password)],
  ['a login of nobody', 5, () => logIn(freshEmail(), password)],
  ['a registration', 9, () => client.post('/api/auth/register', registration(freshEmail()))],
  ['GET /me', 1, as('GET', '/api/auth/me')],
  ['a refresh by body', 1, ({ bodyToken }) => refreshByBody(client, bodyToken)],
  ['a refresh by cookie', 1, ({ cookieToken }) => refreshByCookie(client, cookieToken)],
  ['a logout', 2, ({ bodyToken }) => client.post('/api/auth/logout', { refreshToken: bodyToken })],
  ['the list of sessions', 1, as('GET', sessions)],
  ['the end of one session', 7, (by) => as('DELETE', `${sessions}/${by.sessionId}`)(by)],
  ['the end of all sessions', 7, as('DELETE', sessions)],
  ['the list of events', 1, as('GET', '/api/auth/security-events')],
  ['a later page of events', 1, as('GET', `/api/auth/security-events?cursor=${'A'.repeat(32)}`)],
  ['an export', 5, as('GET', '/api/auth/me/export')],
];

/** Whether a statement reads a table; some only count, record or hold. */
const readsTable = (plan: readonly PlanNode[]) =>
  plan.some((node) => node['Relation Name'] !== undefined && String(node['Node Type']).includes('Scan'));

describe(`among ${200_000 * share} users and ${500_000 * share} sessions`, () => {
  test.each(requests)('%s reads no table from end to end', async (_name, statements, request) => {
    const signedIn = await signIn(client);
    const plans = await plansOf(databaseUrl(), () => request(signedIn));
    expect(plans).toHaveLength(statements);
    const reading = plans.filter(readsTable);
    expect(reading.length).toBeGreaterThan(0);
    for (const plan of reading) expectIndexed(plan);
  });

  test('nor does a login that replaces a legacy hash', async () => {
    const { email, userId } = await signIn(client);
    await query(sql`UPDATE users SET password_hash = ${bcryptHash()} WHERE id = ${userId}::uuid`);
    const plans = await plansOf(databaseUrl(), () => logIn(email, password));
    for (const plan of plans.filter(readsTable)) expectIndexed(plan);
  });

  test('the tables are as large as that', async () => {
    const [row] = await query<{ users: number; sessions: number }>(sql`
      SELECT (SELECT count(*)::int FROM users) AS users, (SELECT count(*)::int FROM sessions) AS sessions`);
    expect(row!.users).toBeGreaterThanOrEqual(200_000 * share);
    expect(row!.sessions).toBeGreaterThanOrEqual(500_000 * share);
  });
});
