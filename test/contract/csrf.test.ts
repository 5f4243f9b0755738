import { beforeEach, describe, expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { freshClient } from '../support/accounts.ts';
import { type Answer, cookieHeader, TestClient } from '../support/client.ts';
import { led } from '../support/hosted-pages.ts';
import { databaseState } from './database-state.ts';
import { insertAccount, insertAccountFor } from './insert-account.ts';
import {
  foreignPages,
  oneOfEachForeignPage,
  type PageHeaders,
  silentPages,
  trustedPages,
} from './origins.ts';
import { recordLog } from './recorded-log.ts';
import { casesFor } from './route-choice.ts';
import { type Account, unsafeRoutes as allUnsafeRoutes, exampleCall, exampleOf } from './route-table.ts';

/** The one way back from a provider, which posts its answer from its own page: the sealed cookie and its state decide. */
const exempt = 'POST /api/auth/oauth/:provider/callback';
const unsafeRoutes = allUnsafeRoutes.filter((key) => key !== exempt);

const client = new TestClient();
// For what is refused, which changes nothing of it.
const account = await insertAccount(client);
// The clean-up says what it did.
beforeEach(() => void recordLog());

/** The example with the account's cookies and exactly these headers about the page. */
function fromPage(
  key: string,
  headers: PageHeaders,
  by: 'cookie' | 'bearer' = 'cookie',
  caller: Account = account,
): Promise<Answer> {
  const [method, path, { cookies, ...options }] = exampleCall(key, caller, by);
  // Each from an address of its own, or those that cause mails would use up each other's.
  const all = { ...freshClient(), ...(cookies && { Cookie: cookieHeader(cookies) }), ...headers };
  return client.call(method, path, { ...options, headers: all });
}

function expectRefused(answer: Answer, context: string): void {
  expect([answer.status, answer.json?.code], context).toEqual([403, 'csrf_rejected']);
  expect(answer.setCookies, context).toEqual([]);
  expect(answer.roundTrips, context).toBe(0);
}

describe.each(unsafeRoutes)('a request with our cookies to %s', (key) => {
  test('is refused from every foreign page, and changes nothing (CSR-01, CSR-03, CSR-04, CSR-06, CSR-10)', async () => {
    for (const [page, headers] of casesFor(key, foreignPages, oneOfEachForeignPage))
      expectRefused(await fromPage(key, headers), page);
  });

  // From the own origin response-headers.test.ts sends each of them.
  test.each(casesFor(key, trustedPages, ['a listed origin']))(
    'is accepted from %s (CSR-01)',
    async (_page, headers) => {
      const answer = await fromPage(key, headers, 'cookie', await insertAccountFor(client, key));
      expect(answer.status, answer.text).toBe(exampleOf(key).status);
    },
  );

  test.each(casesFor(key, silentPages, ['no header at all']))(
    'with %s acts on no cookie (CSR-05)',
    async (_page, headers) => {
      if (exampleOf(key).credential === 'none') {
        const answer = await fromPage(key, headers, 'cookie', await insertAccountFor(client, key));
        expect(answer.status, answer.text).toBe(exampleOf(key).status);
      } else expectRefused(await fromPage(key, headers), key);
    },
  );
});

describe.each(unsafeRoutes)('a request without cookies to %s', (key) => {
  const { credential } = exampleOf(key);

  // With no header at all route-table.test.ts sends each of them.
  test.each(casesFor(key, silentPages, []))('is accepted with %s (CSR-05)', async (_page, headers) => {
    const answer = await fromPage(key, headers, 'bearer', await insertAccountFor(client, key));
    expect(answer.status, answer.text).toBe(exampleOf(key).status);
  });

  test(`from a foreign page is ${credential === 'access-token' ? 'judged by its bearer alone' : 'refused (CSR-06)'}`, async () => {
    if (credential !== 'access-token') {
      for (const [page, headers] of casesFor(key, foreignPages, oneOfEachForeignPage))
        expectRefused(await fromPage(key, headers, 'bearer'), page);
      return;
    }
    for (const [page, headers] of casesFor(key, foreignPages, ['another site'])) {
      // The page before may have ended the session.
      const caller = await insertAccountFor(client, key);
      expect((await fromPage(key, headers, 'bearer', caller)).status, page).toBe(exampleOf(key).status);
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
      const [method, path, { form, cookies }] = exampleCall(exempt, await insertAccountFor(client, exempt));
      const before = await databaseState();
      const bare = await client.call(method, path, { ...(form && { form }), headers: { ...headers } });
      expect(led(bare)).toEqual([303, 'https://auth.test/account?error=transaction_invalid']);
      expect(bare.roundTrips).toBe(0);
      expect(await databaseState()).toBe(before);
      const all = { ...(cookies && { Cookie: cookieHeader(cookies) }), ...headers };
      const answer = await client.call(method, path, { ...(form && { form }), headers: all });
      expect(led(answer)).toEqual([303, 'https://auth.test/home']);
    },
  );
});
