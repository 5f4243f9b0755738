import { beforeEach, describe, expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { freshClient } from '../support/accounts.ts';
import { cookieHeader, TestClient } from '../support/client.ts';
import { query } from '../support/database.ts';
import { baseUrl } from '../support/test-env.ts';
import { expectProblem } from './expect-problem.ts';
import { insertAccount, insertAccountFor } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import { casesFor, isTriedInFull } from './route-choice.ts';
import { exampleCall, exampleOf, registeredRoutes } from './route-table.ts';

const client = new TestClient();
const account = await insertAccount(client);
beforeEach(() => {
  // Operators' routes say in the log what they did and whom they refused.
  recordLog();
});

/** Cookies of ours that are none, 99 of each name. */
const noise = Array.from({ length: 99 }, (_, index) =>
  cookieHeader({
    '__Host-nexora_access': `noise${index}`,
    '__Host-nexora_refresh': `nxr_noise${index}`,
    '__Host-nexora_challenge': `nxh_noise${index}`,
  }),
).join('; ');

/** Where they stand: in front they take the place of the real ones. */
const noisy: [where: string, join: (own: string) => string, areRead: boolean][] = [
  ['in front', (own) => `${noise}; ${own}`, true],
  ['behind', (own) => `${own}; ${noise}`, false],
];

/** What is sent in the place of credentials, by a text of any size. */
const oversized: [what: string, headers: (text: string) => Record<string, string>][] = [
  ['a bearer', (text) => ({ Authorization: `Bearer ${text}` })],
  ['another scheme', (text) => ({ Authorization: text })],
  ['our cookies', (text) => ({ Cookie: `__Host-nexora_access=${text}; __Host-nexora_refresh=nxr_${text}` })],
  ['another cookie', (text) => ({ Cookie: `${text}=${text}` })],
  ['no cookie', (text) => ({ Cookie: ';'.repeat(text.length) })],
];

describe.each(registeredRoutes)('%s', (key) => {
  test('refuses an address of 16 KiB, in the path or in the query (INP-12)', async () => {
    const [method, path, options] = exampleCall(key, account);
    const long = 'x'.repeat(16_384);
    for (const address of [`${path}?${long}`, `${path}/${long}`, `${path}?a=${'%00'.repeat(5000)}`]) {
      const answer = await client.call(method, address, options);
      expectProblem(answer, 414, 'uri_too_long');
      expect(answer.roundTrips).toBe(0);
    }
  });

  test.each(casesFor(key, noisy, []))(
    'takes the first of 100 cookies of one name, the others %s (INP-12)',
    async (_where, join, areRead) => {
      const fresh = await insertAccountFor(client, key);
      const [method, path, { cookies = {}, ...options }] = exampleCall(key, fresh, 'cookie');
      const headers = { ...freshClient(), Cookie: join(cookieHeader(cookies)), Origin: baseUrl };
      const answer = await client.call(method, path, { ...options, headers });
      // A logout ignores them.
      const isRefused = areRead && exampleOf(key).credential.endsWith('-token') && !key.endsWith('/logout');
      expect(answer.status, answer.text).toBe(isRefused ? 401 : exampleOf(key).status);
    },
  );

  test.each(casesFor(key, oversized, ['a bearer', 'our cookies']))(
    'is refused by credentials of any size, and not broken by them: %s (INP-12)',
    async (_what, headersOf) => {
      const [method, path, { bearer: _, cookies: __, ...options }] = exampleCall(key, account);
      for (const size of [4096, 65_536]) {
        const headers = { Origin: baseUrl, ...freshClient(), ...headersOf('x'.repeat(size)) };
        const answer = await client.call(method, path, { ...options, headers });
        if (exampleOf(key).credential === 'access-token') expect(answer.status).toBe(401);
        else expect(answer.status).toBeLessThan(500);
      }
    },
  );
});

test.each(registeredRoutes.filter(isTriedInFull))('%s bears huge and odd headers (INP-12)', async (key) => {
  // Whoever has no plain address shares a budget of mails with all that have none, which other routes have used up.
  await query(sql`UPDATE mail_outbox SET client_key = NULL, network_key = NULL WHERE client_key IS NOT NULL`);
  const fresh = await insertAccountFor(client, key);
  const huge = 'x'.repeat(65_536);
  const headers = {
    'User-Agent': `Mozilla/5.0 ${huge}`,
    'CF-Connecting-IP': huge,
    'Accept-Language': huge,
    'X-Forwarded-For': huge,
    'X-Request-Id': huge,
    Accept: 'text/html',
    Range: 'bytes=0-0',
    'If-None-Match': '*',
    Expect: '100-continue',
  };
  const answer = await client.call(...exampleCall(key, fresh, 'bearer', headers));
  expect(answer.status, answer.text).toBe(exampleOf(key).status);
  expect([...answer.headers].join()).not.toContain('xxxx');
});

describe('what a client calls itself', () => {
  test('is kept to 256 characters of plain text (INP-12)', async () => {
    const agent = `A\u0085B\t${'ü'.repeat(300)}`;
    const fresh = await client.call(
      ...exampleCall('POST /api/auth/register', account, 'bearer', { 'User-Agent': agent }),
    );
    const [row] = await query<{ user_agent: string }>(
      sql`SELECT user_agent FROM sessions WHERE user_id = ${fresh.json.user.id}::uuid`,
    );
    expect(row?.user_agent.length).toBeLessThanOrEqual(256);
    expect(row?.user_agent).toMatch(/^AB[^\p{Cc}]+$/u);
  });
});
