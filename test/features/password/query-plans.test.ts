import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshEmail, password, registerUser, registration } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { freshDatabase, openDatabase } from '../../support/database.ts';
import { storeLink } from '../../support/links.ts';
import { expectIndexed, plansOf, twoFactorRows } from '../../support/query-plans.ts';
import { signIn } from '../sessions/session-fixtures.ts';
import { forget, reset } from './password-reset.ts';
import { ownersRoutes, prove } from './signed-in-owner.ts';
import { bcryptHash } from './stored-accounts.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let client: TestClient;

beforeAll(async () => {
  database = await freshDatabase();
  client = new TestClient({ DATABASE_URL: database.url });
  await openDatabase(database.url).batch([
    sql`INSERT INTO users (email, name) SELECT 'user-' || n || '@example.com', 'User' FROM generate_series(1, 5000) n`,
    sql`INSERT INTO sessions (user_id, expires_at, absolute_expires_at)
      SELECT u.id, now() + interval '30 days', now() + interval '30 days' FROM users u`,
    sql`INSERT INTO login_attempts (bucket, count, last_attempt_id, window_ends_at)
      SELECT 'user:' || u.id || ':world', 1, gen_random_uuid(), now() + interval '15 minutes' FROM users u`,
    sql`INSERT INTO security_events (user_id, type, outcome, request_id)
      SELECT u.id, 'user_created', 'success', gen_random_uuid() FROM users u`,
    sql`INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, expires_at)
      SELECT sha256(u.id::text::bytea), 'verify_email', u.id, u.email, now() + interval '1 day' FROM users u`,
    sql`INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, expires_at)
      SELECT sha256(('left-' || u.id)::bytea), 'revert_email', u.id, 'left-' || u.email, 'left-' || u.email, now() + interval '7 days' FROM users u`,
    sql`INSERT INTO mail_outbox (id, kind, recipient, user_id, request_id, expires_at)
      SELECT gen_random_uuid(), 'verify_email', u.email, u.id, gen_random_uuid(), now() + interval '1 day' FROM users u`,
    sql`ANALYZE users, sessions, login_attempts, security_events, one_time_tokens, mail_outbox`,
    ...twoFactorRows,
  ]);
}, 60_000);
afterAll(() => database.drop());

function logIn(email: string, text: string, headers: Readonly<Record<string, string>> = {}) {
  return client.post('/api/auth/login', { email, password: text }, { headers });
}

describe('on large tables', () => {
  test('no statement of a login reads a table from end to end', async () => {
    const { email, headers } = await registerUser(client);
    const device = { 'X-Device-Token': headers.get('X-Device-Token') ?? '' };
    const plans = await plansOf(database.url, () => logIn(email, password, device));
    expect(plans).toHaveLength(8);
    expectIndexed(plans.flat());
  });

  test('nor does one that replaces a legacy hash', async () => {
    const { email, userId } = await signIn(client);
    await openDatabase(database.url).query(
      sql`UPDATE users SET password_hash = ${bcryptHash()} WHERE id = ${userId}::uuid`,
    );
    expectIndexed((await plansOf(database.url, () => logIn(email, password))).flat());
  });

  test.each([freshEmail(), 'j\u00fcrgen@B\u00dcCHER.example', 'u@B\u00dcCHER.example'])(
    'nor does one that is refused, however many spellings the address %s has',
    async (email) => {
      expectIndexed((await plansOf(database.url, () => logIn(email, 'wrong'))).flat());
    },
  );

  test.each(Object.keys(ownersRoutes))('nor does %s, accepted or refused', async (key) => {
    const owner = await signIn(client);
    expectIndexed((await plansOf(database.url, () => prove(client, key, owner, 'wrong'))).flat());
    expectIndexed((await plansOf(database.url, () => prove(client, key, owner))).flat());
  });

  test('nor does a login on a new device', async () => {
    const { email } = await signIn(client);
    expectIndexed((await plansOf(database.url, () => logIn(email, password))).flat());
  });

  test('nor does a request for a new password, its reset, an unlock or "not me"', async () => {
    const { email, userId: id } = await signIn(client);
    const requests = [() => forget(client, email), () => forget(client, 'left-user-7@example.com')];
    for (const [kind, path] of [
      ['unlock', 'unlock'],
      ['not_me', 'not-me'],
    ] as const) {
      const token = await storeLink(client, kind, { id, email });
      requests.push(() => client.post(`/api/auth/${path}`, { token }));
    }
    const resetToken = await storeLink(client, 'reset_password', { id, email });
    requests.push(() => reset(client, resetToken));
    for (const request of requests) expectIndexed((await plansOf(database.url, request)).flat());
  });

  test('nor does a registration', async () => {
    const body = registration(freshEmail());
    expectIndexed((await plansOf(database.url, () => client.post('/api/auth/register', body))).flat());
  });
});
