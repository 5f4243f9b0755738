import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { password } from '../support/accounts.ts';
import { TestClient } from '../support/client.ts';
import { type Fault, faultyEndpoint, freshDatabase } from '../support/database.ts';
import { adminSecret } from '../support/test-env.ts';
import { databaseState } from './database-state.ts';
import { insertAccount } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import { failureFor } from './route-choice.ts';
import { databaseProblemRoutes, exampleCall, exampleOf, privateTexts, unsafeRoutes } from './route-table.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());

/** Every call to the database at which a request that changes something can end. */
const points = databaseProblemRoutes
  .filter((key) => unsafeRoutes.includes(key) || key.includes('/api/admin/'))
  .flatMap((key) =>
    Array.from({ length: exampleOf(key).roundTrips }, (_, index): [string, number] => [key, index]),
  );

/** An attempt that was made stays made, whatever becomes of its request. */
const stateWithoutAttempts = () => databaseState(database.url, ['login_attempts']);

describe('a request that ends before a call to the database (DBF-15)', () => {
  test.each(points)('%s, call %i: leaves no half of its change behind', async (key, index) => {
    recordLog();
    const account = await insertAccount(new TestClient({ DATABASE_URL: database.url }));
    const plan: Fault[] = [...Array<Fault>(index).fill('pass'), failureFor(key), failureFor(key)];
    const { endpoint } = await faultyEndpoint(plan);
    const client = new TestClient({ DATABASE_URL: database.url, DATABASE_HTTP_ENDPOINT: endpoint });
    const before = await stateWithoutAttempts();
    const answer = await client.call(...exampleCall(key, account));
    expect(answer.status, answer.text).toBe(503);
    expect(await stateWithoutAttempts()).toBe(before);
  });
});

/** What a visit to a provider asks it for: fixed addresses, which say nothing of anybody. */
const providerUrls = [
  'https://oauth2.googleapis.com/token',
  'https://www.googleapis.com/oauth2/v3/certs',
  'https://appleid.apple.com/auth/token',
  'https://appleid.apple.com/auth/keys',
];

describe('what leaves the service on the way', () => {
  test.each(points)(
    '%s, call %i: no secret and no address, in a log line or in a URL (LOG-01, LOG-05, PRV-02)',
    async (key, index) => {
      const lines = recordLog();
      // An answer that is nonsense is as good as none.
      const failure = failureFor(key) === 'refuse' ? 'garbage' : failureFor(key);
      const account = await insertAccount(new TestClient({ DATABASE_URL: database.url }));
      const plan: Fault[] = [...Array<Fault>(index).fill('pass'), failure, failure];
      const { endpoint } = await faultyEndpoint(plan);
      const client = new TestClient({ DATABASE_URL: database.url, DATABASE_HTTP_ENDPOINT: endpoint });
      const outbound = vi.spyOn(globalThis, 'fetch');
      await client.call(...exampleCall(key, account));
      const urls = outbound.mock.calls.map(([input]) => String(input));
      outbound.mockRestore();

      expect(urls.length).toBeGreaterThan(index);
      for (const url of urls) expect([endpoint, ...providerUrls]).toContain(url);
      expect(lines.length).toBeGreaterThan(0);
      const text = lines.join('\n');
      const { AUTH_SECRET, SIGNING_KEYS, DATABASE_URL } = client.env;
      for (const canary of [
        ...privateTexts(account),
        password,
        AUTH_SECRET,
        SIGNING_KEYS,
        adminSecret,
        DATABASE_URL,
      ]) {
        expect(String(canary).length).toBeGreaterThan(7);
        expect(text).not.toContain(String(canary));
        expect(text).not.toContain(btoa(String(canary)));
        expect(text).not.toContain(encodeURIComponent(String(canary)));
      }
    },
  );
});
