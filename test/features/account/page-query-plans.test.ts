import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { authCookies, TestClient } from '../../support/client.ts';
import { freshDatabase, openDatabase } from '../../support/database.ts';
import type { Cookies } from '../../support/hosted-pages.ts';
import { expectIndexed, plansOf, twoFactorRows } from '../../support/query-plans.ts';
import { landing, localProviders, signInAtLocalIssuer } from '../../support/social.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let client: TestClient;
let cookies: Cookies;

beforeAll(async () => {
  database = await freshDatabase();
  client = new TestClient({
    ...{ DATABASE_URL: database.url, EMAIL_VERIFICATION: 'off' },
    OIDC_PROVIDERS: JSON.stringify(localProviders()),
  });
  await openDatabase(database.url).batch([
    sql`INSERT INTO users (email, name) SELECT 'many-' || n || '@example.com', 'User' FROM generate_series(1, 3000) n`,
    sql`INSERT INTO sessions (user_id, expires_at, absolute_expires_at)
      SELECT u.id, now() + interval '30 days', now() + interval '30 days' FROM users u`,
    sql`INSERT INTO identities (user_id, provider, issuer, subject)
      SELECT u.id, 'local', 'https://many.example', u.id::text FROM users u`,
    sql`INSERT INTO security_events (id, type, outcome, user_id, request_id, operation_id)
      SELECT gen_random_uuid(), 'user_created', 'success', u.id, gen_random_uuid(), gen_random_uuid() FROM users u`,
    ...twoFactorRows,
  ]);
  const answer = await signInAtLocalIssuer(client, 'local', { email: 'ada@example.com' });
  expect(landing(answer)).toMatchObject({ error: null });
  cookies = authCookies(answer);
  await openDatabase(database.url).batch([sql`ANALYZE users, sessions, identities, security_events`]);
});
afterAll(() => database.drop());

test.each([
  ['/', 1],
  ['/login', 1],
  ['/account', 2],
  ['/account/sessions', 2],
  ['/account/security', 4],
  ['/account/delete', 1],
  ['/reauthenticate', 1],
])('%s is shown by %i round trips, which find everything by indexes alone', async (path, roundTrips) => {
  for (const name of Object.keys(cookies)) {
    const plans = await plansOf(database.url, () =>
      client.get(path, { cookies: { [name]: cookies[name]! } }),
    );
    // The refresh token is looked at first, where it is all that is left.
    const isKnown = name === '__Host-nexora_access' || path === '/' || path === '/login';
    expect(plans.length, name).toBeGreaterThanOrEqual(isKnown ? roundTrips : roundTrips + 1);
    expectIndexed(plans.flat());
  }
  const answer = await client.get(path, { cookies });
  expect(answer.roundTrips).toBe(roundTrips);
});
