import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { cookieHeader, TestClient } from '../support/client.ts';
import { openDatabase } from '../support/database.ts';
import { baseUrl } from '../support/test-env.ts';
import { expectProblem } from './expect-problem.ts';
import { insertAccount } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import { type Account, exampleCall, exampleOf, registeredRoutes } from './route-table.ts';

const client = new TestClient();
let account: Account;

beforeAll(async () => {
  account = await insertAccount(client);
});
beforeEach(async () => {
  // Operators' routes say in the log what they did and whom they refused.
  recordLog();
  // Whoever has no plain address shares a budget of mails with all that have none, which other routes have used up.
  await openDatabase().query(sql`UPDATE mail_outbox SET client_key = NULL, network_key = NULL`);
});

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

  test('takes the first of 100 cookies of one name (INP-12)', async () => {
    const [fresh, other] = [await insertAccount(client), await insertAccount(client)];
    const noise = Array.from({ length: 99 }, (_, index) =>
      cookieHeader({
        '__Host-nexora_access': `noise${index}`,
        '__Host-nexora_refresh': `nxr_noise${index}`,
        '__Host-nexora_challenge': `nxh_noise${index}`,
      }),
    ).join('; ');
    const call = (caller: Account, join: (own: string) => string) => {
      const [method, path, { cookies = {}, ...options }] = exampleCall(key, caller, 'cookie');
      const headers = { Cookie: join(cookieHeader(cookies)), Origin: baseUrl };
      return client.call(method, path, { ...options, headers });
    };
    // In front they take the place of the real ones; a logout ignores them.
    const { status } = await call(fresh, (own) => `${noise}; ${own}`);
    const isToken = exampleOf(key).credential.endsWith('-token');
    const needsThem = isToken && !key.endsWith('/logout');
    expect(status).toBe(needsThem ? 401 : exampleOf(key).status);
    const answer = await call(other, (own) => `${own}; ${noise}`);
    expect(answer.status, answer.text).toBe(exampleOf(key).status);
  });

  test('bears huge and odd headers (INP-12)', async () => {
    const fresh = await insertAccount(client);
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

  test('is refused by credentials of any size, and not broken by them (INP-12)', async () => {
    const example = exampleOf(key);
    const [method, path, { bearer: _, cookies: __, ...options }] = exampleCall(key, account);
    for (const size of [4096, 65_536]) {
      const text = 'x'.repeat(size);
      for (const headers of [
        { Authorization: `Bearer ${text}` },
        { Authorization: text },
        { Cookie: `__Host-nexora_access=${text}; __Host-nexora_refresh=nxr_${text}`, Origin: baseUrl },
        { Cookie: `${text}=${text}`, Origin: baseUrl },
        { Cookie: ';'.repeat(size), Origin: baseUrl },
      ]) {
        const answer = await client.call(method, path, { ...options, headers });
        if (example.credential === 'access-token') expect(answer.status).toBe(401);
        else expect(answer.status).toBeLessThan(500);
      }
    }
  });
});

describe('what a client calls itself', () => {
  test('is kept to 256 characters of plain text (INP-12)', async () => {
    const agent = `A\u0085B\t${'ü'.repeat(300)}`;
    const fresh = await client.call(
      ...exampleCall('POST /api/auth/register', account, 'bearer', { 'User-Agent': agent }),
    );
    const [row] = await openDatabase().query<{ user_agent: string }>(
      sql`SELECT user_agent FROM sessions WHERE user_id = ${fresh.json.user.id}::uuid`,
    );
    expect(row?.user_agent.length).toBeLessThanOrEqual(256);
    expect(row?.user_agent).toMatch(/^AB[^\p{Cc}]+$/u);
  });
});
