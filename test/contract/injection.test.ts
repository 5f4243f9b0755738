import { describe, expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { password, registration } from '../support/accounts.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { query } from '../support/database.ts';
import { baseUrl } from '../support/test-env.ts';
import { innards } from './expect-problem.ts';
import { injectingEmails, injections, tellingInjections } from './injection-payloads.ts';
import { insertAccount } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import { isFull } from './route-choice.ts';
import { bodyRoutes, type ExampleCall, exampleCall, fullBody, membersOf } from './route-table.ts';

/** These hash a password for most of what they are sent, so they get a sample. */
const hashingRoutes = [
  'POST /api/auth/register',
  'POST /api/auth/login',
  'POST /api/auth/reauthenticate',
  'POST /api/auth/password/change',
  'DELETE /api/auth/me',
];
const headerSafe = injections.filter((text) => /^[\x20-\x7e]+$/.test(text));
/**
 * One route for each kind of text that a member can be: these get every payload, where the others get the telling ones. A
 * token of any kind is hashed before the database sees it.
 */
const routePerKind = ['PATCH /api/auth/me', 'POST /api/auth/password/forgot', 'POST /api/auth/unlock'];

/** Less than any of the payloads would sleep. */
const longestMs = 2500;

const client = new TestClient();
const account = await insertAccount(client);
const { userId: bystander } = await insertAccount(client, () => undefined);

function payloadsFor(key: string): readonly string[] {
  if (!isFull && !routePerKind.includes(key)) return tellingInjections;
  return hashingRoutes.includes(key) ? oneIn(40, injections) : injections;
}

function oneIn(step: number, texts: readonly string[]): string[] {
  return texts.filter((_, index) => index % step === 0);
}

async function bystanderState(): Promise<unknown> {
  return query(sql`
    SELECT u.*, s.*, (SELECT count(*)::int FROM security_events e WHERE e.user_id = u.id) AS events
    FROM users u JOIN sessions s ON s.user_id = u.id WHERE u.id = ${bystander}::uuid`);
}

async function countUsers(): Promise<number> {
  const [row] = await query<{ users: number }>(sql`SELECT count(*)::int AS users FROM users`);
  return row?.users ?? 0;
}

/**
 * Sends all requests, some at a time, and checks that each was answered soon and as data, that nobody else's rows
 * changed, and that users are as many as were registered.
 */
async function fire(requests: readonly ExampleCall[]): Promise<Answer[]> {
  const lines = recordLog();
  const [before, users] = [await bystanderState(), await countUsers()];
  const answers: Answer[] = [];
  const startsAt: number[] = [];
  for (let at = 0; at < requests.length; at += 8) {
    const startedAt = Date.now();
    answers.push(
      ...(await Promise.all(requests.slice(at, at + 8).map((request) => client.call(...request)))),
    );
    startsAt.push(Date.now() - startedAt);
  }
  for (const { status, text } of answers) {
    expect(status, text).toBeLessThan(500);
    if (status >= 400) expect(text).not.toMatch(innards);
  }
  expect(Math.max(...startsAt)).toBeLessThan(longestMs);
  expect(lines).toEqual([]);
  expect(await bystanderState()).toEqual(before);
  const registered = answers.filter(({ status }, index) => {
    const [method, path] = requests[index]!;
    const isSignUp = status === 200 && path === '/api/auth/oauth/google/id-token';
    return isSignUp || (`${method} ${path}` === 'POST /api/auth/register' && status === 201);
  });
  expect(await countUsers()).toBe(users + registered.length);
  return answers;
}

describe('injected SQL', () => {
  test('comes in more than 500 forms', () => {
    expect(new Set(injections).size).toBeGreaterThan(500);
  });

  test.each(bodyRoutes)(
    'stays text in every member of %s (SQL-02)',
    async (key) => {
      const sample = payloadsFor(key);
      await fire(
        Object.keys(membersOf(key, account)).flatMap((member) =>
          sample.map((text): ExampleCall => {
            const [method, path, options] = exampleCall(key, account);
            return [
              method,
              path,
              { ...options, body: { ...fullBody(key, account, member), [member]: text } },
            ];
          }),
        ),
      );
    },
    30_000,
  );

  test('stays text in an e-mail address that is a good one (SQL-02)', async () => {
    await fire(
      injectingEmails.flatMap((email): ExampleCall[] => [
        ['POST', '/api/auth/register', { body: registration(email) }],
        ['POST', '/api/auth/login', { body: { email, password: `${password}x` } }],
      ]),
    );
    for (const email of injectingEmails) {
      const answer = await client.post('/api/auth/login', { email, password });
      expect([answer.status, answer.json.user.email]).toEqual([200, email]);
    }
  }, 30_000);

  test('stays text in a name that is stored (SQL-02)', async () => {
    const names = oneIn(10, injections);
    const answers = await fire(
      names.map((name) => ['PATCH', '/api/auth/me', { bearer: account.accessToken, body: { name } }]),
    );
    const stored = answers.flatMap(({ status, json }) => (status === 200 ? [json.user.name] : []));
    expect(stored).toEqual(names);
  }, 30_000);

  test('stays text in cookies, bearer tokens, queries and paths (SQL-02)', async () => {
    const from = { Origin: baseUrl };
    await fire(
      (isFull ? headerSafe : tellingInjections).flatMap((text): ExampleCall[] => {
        const cookie = encodeURIComponent(text);
        return [
          ['POST', '/api/auth/refresh', { headers: { ...from, Cookie: `__Host-nexora_refresh=${text}` } }],
          ['GET', '/api/auth/me', { headers: { Cookie: `__Host-nexora_access=${cookie}` } }],
          ['GET', '/api/auth/me', { headers: { Authorization: `Bearer ${text}` } }],
        ];
      }),
    );
    const { accessToken: bearer } = account;
    await fire(
      oneIn(10, headerSafe).flatMap((text): ExampleCall[] => [
        ['GET', `/api/auth/me?id=${encodeURIComponent(text)}`, { bearer }],
        ['GET', `/api/auth/me/${encodeURIComponent(text)}`, { bearer }],
      ]),
    );
  }, 30_000);

  test('stays text in headers that are stored (SQL-02)', async () => {
    const sample = oneIn(25, headerSafe);
    const answers = await fire(
      sample.map((text) => {
        const headers = {
          'User-Agent': text,
          'CF-Connecting-IP': text,
          'Accept-Language': text,
          'X-Device-Token': text,
        };
        return exampleCall('POST /api/auth/register', account, 'bearer', headers);
      }),
    );
    expect(answers.map(({ status }) => status)).toEqual(sample.map(() => 201));
    const ids = answers.map(({ json }) => json.user.id);
    const rows = await query<{ user_agent: string; ip_address: string | null }>(
      sql`SELECT s.user_agent, s.ip_address FROM sessions s JOIN unnest(${ids}::uuid[]) WITH ORDINALITY o(id, n)
        ON o.id = s.user_id ORDER BY o.n`,
    );
    expect(rows).toEqual(sample.map((text) => ({ user_agent: text.trim(), ip_address: null })));
  }, 30_000);
});
