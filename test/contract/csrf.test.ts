import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { type Answer, cookieHeader, TestClient } from '../support/client.ts';
import { freshDatabase } from '../support/database.ts';
import { databaseState } from './database-state.ts';
import { insertAccount } from './insert-account.ts';
import { foreignPages, type PageHeaders, silentPages, trustedPages } from './origins.ts';
import { recordLog } from './recorded-log.ts';
import { casesFor } from './route-choice.ts';
import { type Account, unsafeRoutes as allUnsafeRoutes, exampleCall, exampleOf } from './route-table.ts';

/** The one way back from a provider, which posts its answer from its own page: the sealed cookie and its state decide. */
const exempt = 'POST /api/auth/oauth/:provider/callback';
const unsafeRoutes = allUnsafeRoutes.filter((key) => key !== exempt);

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
  account = await insertAccount(client);
});

/** The example with the account's cookies and exactly these headers about the page. */
function fromPage(key: string, headers: PageHeaders, by: 'cookie' | 'bearer' = 'cookie'): Promise<Answer> {
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

  test.each(casesFor(key, trustedPages, ['the own origin', 'a listed origin']))(
    'is accepted from %s (CSR-01)',
    async (_page, headers) => {
      const answer = await fromPage(key, headers);
      expect(answer.status, answer.text).toBe(exampleOf(key).status);
    },
  );

  test.each(casesFor(key, silentPages, ['no header at all']))(
    'with %s acts on no cookie (CSR-05)',
    async (_page, headers) => {
      if (exampleOf(key).credential === 'none') {
        const answer = await fromPage(key, headers);
        expect(answer.status, answer.text).toBe(exampleOf(key).status);
        return;
      }
      const before = await databaseState(database.url);
      expectRefused(await fromPage(key, headers), key);
      expect(await databaseState(database.url)).toBe(before);
    },
  );
});

describe.each(unsafeRoutes)('a request without cookies to %s', (key) => {
  const { credential } = exampleOf(key);

  test.each(casesFor(key, silentPages, ['no header at all']))(
    'is accepted with %s (CSR-05)',
    async (_page, headers) => {
      const answer = await fromPage(key, headers, 'bearer');
      expect(answer.status, answer.text).toBe(exampleOf(key).status);
    },
  );

  test(`from a foreign page is ${credential === 'access-token' ? 'judged by its bearer alone' : 'refused (CSR-06)'}`, async () => {
    if (credential !== 'access-token') {
      for (const [page, headers] of foreignPages) expectRefused(await fromPage(key, headers, 'bearer'), page);
      return;
    }
    const accepted = casesFor(key, foreignPages, ['another site', 'no origin, across sites']);
    for (const [page, headers] of accepted) {
      // The page before may have ended the session.
      account = await insertAccount(client);
      expect((await fromPage(key, headers, 'bearer')).status, page).toBe(exampleOf(key).status);
    }
  });
});

describe('the way back from a provider', () => {
  test('is the one unsafe route that takes requests of every page (CSR-10)', () => {
    const served = createApp().serves.filter(
      ({ guard, method }) => guard === 'identity-provider' && method !== 'GET',
    );
    expect(served.map(({ method, path }) => `${method} ${path}`)).toEqual([exempt]);
    expect(allUnsafeRoutes).toContain(exempt);
  });

  test.each(foreignPages)(
    'is accepted from %s with the cookie of its visit, and does nothing without (CSR-10)',
    async (_page, headers) => {
      const [method, path, { form, cookies }] = exampleCall(exempt, account);
      const before = await databaseState(database.url);
      const bare = await client.call(method, path, { ...(form && { form }), headers: { ...headers } });
      expect([bare.status, bare.headers.get('Location')]).toEqual([
        303,
        'https://auth.test/account?error=transaction_invalid',
      ]);
      expect(bare.roundTrips).toBe(0);
      expect(await databaseState(database.url)).toBe(before);
      const all = { ...(cookies && { Cookie: cookieHeader(cookies) }), ...headers };
      const answer = await client.call(method, path, { ...(form && { form }), headers: all });
      expect([answer.status, answer.headers.get('Location')]).toEqual([303, 'https://auth.test/home']);
    },
  );
});
