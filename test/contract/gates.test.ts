import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp, features } from '../../src/app.ts';
import { sql } from '../../src/db/sql.ts';
import { defineErrors } from '../../src/errors.ts';
import { foldFeatures } from '../../src/feature.ts';
import type { Gate } from '../../src/joints/gate.ts';
import { password } from '../support/accounts.ts';
import { TestClient } from '../support/client.ts';
import { freshDatabase, openDatabase } from '../support/database.ts';
import { databaseState } from './database-state.ts';
import { expectProblem } from './expect-problem.ts';
import { insertAccount } from './insert-account.ts';
import { type Account, exampleCall, exampleOf } from './route-table.ts';

/** What its account's owner alone may do (SES-15). */
const ownersOwn = [
  'POST /api/auth/password/change',
  'DELETE /api/auth/me',
  'POST /api/auth/email/change',
  'GET /api/auth/me/export',
];

const sensitiveRoutes = createApp()
  .serves.filter(({ isSensitive }) => isSensitive)
  .map(({ method, path }) => `${method} ${path}`);

const { terms_not_accepted } = defineErrors({
  terms_not_accepted: { status: 403, title: 'The terms must be accepted first.' },
});

/** A gate as a further feature brings it, which nobody passes. */
const closedGate: Gate = {
  name: 'closed_gate',
  condition: () => sql`false`,
  isMetByPassword: false,
  refuse: () => terms_not_accepted(),
};

let database: Awaited<ReturnType<typeof freshDatabase>>;
let client: TestClient;
let gated: TestClient;

beforeAll(async () => {
  database = await freshDatabase();
  const variables = { DATABASE_URL: database.url };
  client = new TestClient(variables);
  gated = new TestClient(variables, { features: [{ gates: [closedGate] }] });
});
afterAll(() => database.drop());

/** The example of a route, with a later authentication's access token if there is one. */
function call(by: TestClient, key: string, account: Account) {
  return by.call(...exampleCall(key, account));
}

function proveOwner(account: Account, secondsAgo: number): Promise<unknown> {
  return openDatabase(database.url).query(sql`
    UPDATE sessions SET authenticated_at = now() - make_interval(secs => ${secondsAgo}::int)
    WHERE user_id = ${account.userId}::uuid`);
}

/** Whether the example says the current password, which is an authentication of its own. */
function saysPassword(key: string, account: Account): boolean {
  return Object.values(exampleOf(key).body?.(account) ?? {}).includes(password);
}

/** A refusal is looked up by the name of its gate: of two that have it, the second would answer what the first does. */
function namesTwice(gates: readonly Gate[]): string[] {
  const names = gates.map(({ name }) => name);
  return names.filter((name, index) => names.indexOf(name) !== index);
}

test('every gate has a name of its own, in snake_case', () => {
  const gates = [...foldFeatures(features).gates, closedGate];
  expect(gates.length).toBeGreaterThan(1);
  expect(namesTwice(gates)).toEqual([]);
  expect(namesTwice([...gates, closedGate])).toEqual(['closed_gate']);
  expect(gates.filter(({ name }) => !/^[a-z]+(?:_[a-z]+)*$/.test(name))).toEqual([]);
});

describe('the sensitive routes', () => {
  test('are those that are for the owner alone (SES-15)', () => {
    expect(sensitiveRoutes.toSorted()).toEqual(ownersOwn.toSorted());
  });

  test('are for somebody who is signed in, each of them', () => {
    const guards = createApp().serves.filter(({ isSensitive }) => isSensitive);
    expect(guards.filter(({ guard }) => guard !== 'session')).toEqual([]);
  });
});

describe.each(sensitiveRoutes)('%s', (key) => {
  test('answers what a further gate refuses, changes nothing, counts nothing, mails nobody and hashes nothing (SES-15)', async () => {
    const account = await insertAccount(client);
    const before = await databaseState(database.url);
    for (let attempt = 1; attempt <= 12; attempt++) {
      const answer = await call(gated, key, account);
      expectProblem(answer, 403, 'terms_not_accepted');
      expect(answer).toMatchObject({ roundTrips: 1, hashes: 0, setCookies: [] });
    }
    expect(await databaseState(database.url)).toBe(before);
    // The same session passes where the gate is not there, with all its attempts.
    const answer = await call(client, key, account);
    expect(answer.status, answer.text).toBe(exampleOf(key).status);
  });

  test('asks the first gate first, and 401 comes before all of them (SES-15)', async () => {
    const account = await insertAccount(client);
    if (!saysPassword(key, account)) {
      await proveOwner(account, 601);
      expectProblem(await call(gated, key, account), 403, 'reauthentication_required');
    }
    await openDatabase(database.url).query(sql`DELETE FROM sessions WHERE user_id = ${account.userId}::uuid`);
    expectProblem(await call(gated, key, account), 401, 'unauthenticated');
  });

  test('needs an authentication of the last ten minutes, or the current password (SES-15)', async () => {
    const account = await insertAccount(client);
    await proveOwner(account, 601);
    if (saysPassword(key, account)) {
      expect((await call(client, key, account)).status).toBe(exampleOf(key).status);
      return;
    }
    const before = await databaseState(database.url);
    expectProblem(await call(client, key, account), 403, 'reauthentication_required');
    expect(await databaseState(database.url)).toBe(before);
    const proof = { bearer: account.accessToken };
    const { status, json } = await client.post('/api/auth/reauthenticate', { password }, proof);
    expect(status).toBe(200);
    const renewed = { ...account, accessToken: json.accessToken as string };
    expect((await call(client, key, renewed)).status).toBe(exampleOf(key).status);
  });

  test('without a password takes the authentication of the last ten minutes alone (SES-15)', async () => {
    const account = await insertAccount(client);
    await openDatabase(database.url).query(
      sql`UPDATE users SET password_hash = NULL WHERE id = ${account.userId}::uuid`,
    );
    await proveOwner(account, 601);
    const [method, path, options] = exampleCall(key, account);
    const body = { ...(options.body as Record<string, unknown> | undefined) };
    for (const member of Object.keys(body)) if (body[member] === password) delete body[member];
    const without = { ...options, ...(options.body !== undefined && { body }) };
    const before = await databaseState(database.url);
    expectProblem(await client.call(method, path, without), 403, 'reauthentication_required');
    expect(await databaseState(database.url)).toBe(before);
    await proveOwner(account, 590);
    expect((await client.call(method, path, without)).status).toBe(exampleOf(key).status);
  });
});
