import { describe, expect, test, vi } from 'vitest';
import { password } from '../support/accounts.ts';
import { TestClient } from '../support/client.ts';
import { databaseUrl, type Fault, faultyEndpoint } from '../support/database.ts';
import { adminSecret } from '../support/test-env.ts';
import { databaseState } from './database-state.ts';
import { insertAccountFor } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import { failureFor, isTriedInFull } from './route-choice.ts';
import { databaseProblemRoutes, exampleCall, exampleOf, privateTexts, unsafeRoutes } from './route-table.ts';

const faulty = await faultyEndpoint();
const client = new TestClient({ DATABASE_HTTP_ENDPOINT: faulty.endpoint });
const online = new TestClient();

/** Every call to the database at which a request that changes something can end. */
const points = databaseProblemRoutes
  .filter((key) => unsafeRoutes.includes(key) || key.includes('/api/admin/'))
  .flatMap((key) =>
    Array.from({ length: exampleOf(key).roundTrips }, (_, index): [string, number] => [key, index]),
  );

/** An attempt that was made stays made, whatever becomes of its request. */
const stateWithoutAttempts = () => databaseState(databaseUrl(), ['login_attempts']);

/** What a visit to a provider asks it for: fixed addresses, which say nothing of anybody. */
const providerUrls = [
  'https://oauth2.googleapis.com/token',
  'https://www.googleapis.com/oauth2/v3/certs',
  'https://appleid.apple.com/auth/token',
  'https://appleid.apple.com/auth/keys',
];

describe('a request that ends before a call to the database', () => {
  test.each(points)(
    '%s, call %i: leaves no half of its change behind, and no secret and no address in a log line or in a URL (DBF-15, LOG-01, LOG-05, PRV-02)',
    async (key, index) => {
      const lines = recordLog();
      const account = await insertAccountFor(online, key);
      // On a model the connection is lost, or the answer is nonsense, which is as good as none.
      const failures: Fault[] = isTriedInFull(key) ? ['refuse', 'garbage'] : [failureFor(key)];
      const before = await stateWithoutAttempts();
      for (const failure of failures) {
        await faulty.plan([...Array<Fault>(index).fill('pass'), failure, failure]);
        const outbound = vi.spyOn(globalThis, 'fetch');
        const answer = await client.call(...exampleCall(key, account));
        const urls = outbound.mock.calls.map(([input]) => String(input));
        outbound.mockRestore();
        expect(answer.status, answer.text).toBe(503);
        expect(urls.length).toBeGreaterThan(index);
        for (const url of urls) expect([faulty.endpoint, ...providerUrls]).toContain(url);
      }
      expect(await stateWithoutAttempts()).toBe(before);
      expect(lines).toHaveLength(failures.length);
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
