import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Answer, cookieHeader, TestClient } from '../support/client.ts';
import { freshDatabase } from '../support/database.ts';
import { baseUrl } from '../support/test-env.ts';
import { databaseState } from './database-state.ts';
import { recordLog } from './recorded-log.ts';
import { type Account, exampleCall, exampleOf, registerAccount, unsafeRoutes } from './route-table.ts';

type Headers = Readonly<Record<string, string>>;

/** What a page of another site makes a browser send, and what some servers take for their own. */
const foreignPages: [page: string, headers: Headers][] = [
  ['another site', { Origin: 'https://evil.example' }],
  ['another site, with fetch metadata', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
  [
    'another site that claims same-origin',
    { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'same-origin' },
  ],
  ['a hidden origin', { Origin: 'null' }],
  ['a hidden origin across sites', { Origin: 'null', 'Sec-Fetch-Site': 'cross-site' }],
  ['a suffix', { Origin: 'https://auth.test.evil.example' }],
  ['a prefix', { Origin: 'https://evilauth.test' }],
  ['a sub-domain', { Origin: 'https://sub.auth.test', 'Sec-Fetch-Site': 'same-site' }],
  ['another port', { Origin: 'https://auth.test:8443' }],
  ['another scheme', { Origin: 'http://auth.test' }],
  ['a suffix of a listed origin', { Origin: 'https://app.test.evil.example' }],
  ['a sub-domain of a listed origin', { Origin: 'https://x.app.test' }],
  ['another port of a listed origin', { Origin: 'https://app.test:444' }],
  ['a path behind the own origin', { Origin: `${baseUrl}/` }],
  ['credentials before the own host', { Origin: 'https://auth.test@evil.example' }],
  ['two origins', { Origin: `${baseUrl}, https://evil.example` }],
  ['an empty origin', { Origin: '' }],
  ['a file', { Origin: 'file://' }],
  [
    'a forged host',
    { Origin: 'https://evil.example', Host: 'evil.example', 'X-Forwarded-Host': 'evil.example' },
  ],
  ['an identity provider (CSR-10)', { Origin: 'https://appleid.apple.com', 'Sec-Fetch-Site': 'cross-site' }],
  ['no origin, across sites', { 'Sec-Fetch-Site': 'cross-site' }],
  ['no origin, from a sub-domain (CSR-04)', { 'Sec-Fetch-Site': 'same-site' }],
  ['no origin, garbage', { 'Sec-Fetch-Site': 'same-origin, cross-site' }],
];

const trustedPages: [page: string, headers: Headers][] = [
  ['the own origin', { Origin: baseUrl, 'Sec-Fetch-Site': 'same-origin' }],
  ['a listed origin', { Origin: 'https://app.test', 'Sec-Fetch-Site': 'cross-site' }],
  ['a hidden origin on the same origin', { Origin: 'null', 'Sec-Fetch-Site': 'same-origin' }],
  ['no origin, on the same origin', { 'Sec-Fetch-Site': 'same-origin' }],
];

/** Neither says anything: `none` is a typed address, and a client that is no browser sends nothing. */
const silentPages: [page: string, headers: Headers][] = [
  ['no header at all', {}],
  ['a typed address', { 'Sec-Fetch-Site': 'none' }],
];

let database: Awaited<ReturnType<typeof freshDatabase>>;
let client: TestClient;
let account: Account;

beforeAll(async () => {
  database = await freshDatabase();
  client = new TestClient({ DATABASE_URL: database.url });
});
afterAll(() => database.drop());
beforeEach(async () => {
  // The clean-up says what it did.
  recordLog();
  account = await registerAccount(client);
});

/** The example with the account's cookies and exactly these headers about the page. */
function fromPage(key: string, headers: Headers, by: 'cookie' | 'bearer' = 'cookie'): Promise<Answer> {
  const [method, path, { cookies, ...options }] = exampleCall(key, account, by);
  const all = { ...(cookies && { Cookie: cookieHeader(cookies) }), ...headers };
  return client.call(method, path, { ...options, headers: all });
}

function expectRefused(answer: Answer, context: string): void {
  expect([answer.status, answer.json?.code], context).toEqual([403, 'csrf_rejected']);
  expect(answer.setCookies, context).toEqual([]);
  expect(answer.roundTrips, context).toBe(0);
}

describe.each(unsafeRoutes)('a request with our cookies to %s', (key) => {
  test('is refused from every foreign page, and changes nothing (CSR-01, CSR-03, CSR-04, CSR-06, CSR-10)', async () => {
    const before = await databaseState(database.url);
    for (const [page, headers] of foreignPages) expectRefused(await fromPage(key, headers), page);
    expect(await databaseState(database.url)).toBe(before);
  });

  test.each(trustedPages)('is accepted from %s (CSR-01)', async (_page, headers) => {
    const answer = await fromPage(key, headers);
    expect(answer.status, answer.text).toBe(exampleOf(key).status);
  });

  test.each(silentPages)('with %s acts on no cookie (CSR-05)', async (_page, headers) => {
    if (exampleOf(key).credential === 'none') {
      const answer = await fromPage(key, headers);
      expect(answer.status, answer.text).toBe(exampleOf(key).status);
      return;
    }
    const before = await databaseState(database.url);
    expectRefused(await fromPage(key, headers), key);
    expect(await databaseState(database.url)).toBe(before);
  });
});

describe.each(unsafeRoutes)('a request without cookies to %s', (key) => {
  const { credential } = exampleOf(key);

  test.each(silentPages)('is accepted with %s (CSR-05)', async (_page, headers) => {
    const answer = await fromPage(key, headers, 'bearer');
    expect(answer.status, answer.text).toBe(exampleOf(key).status);
  });

  test(`from a foreign page is ${credential === 'access-token' ? 'judged by its bearer alone' : 'refused (CSR-06)'}`, async () => {
    for (const [page, headers] of foreignPages) {
      // The page before may have ended the session.
      account = await registerAccount(client);
      const answer = await fromPage(key, headers, 'bearer');
      // It may have taken the caller's own session along.
      if (key.startsWith('DELETE ')) account = await registerAccount(client);
      if (credential === 'access-token') expect(answer.status, page).toBe(exampleOf(key).status);
      else expectRefused(answer, page);
    }
  });
});
