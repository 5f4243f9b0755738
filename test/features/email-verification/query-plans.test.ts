import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshEmail, otherPassword, password } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { databaseUrl, openDatabase } from '../../support/database.ts';
import { expectIndexed, plansOf } from '../../support/query-plans.ts';
import {
  postRegistration,
  registerForToken,
  requiredClient,
  resend,
  unverifiedAccount,
  verify,
} from './pending-registrations.ts';

const open = new TestClient();
const required = requiredClient();

beforeAll(async () => {
  await openDatabase().batch([
    sql`INSERT INTO users (email, name) SELECT 'user-' || n || '@example.com', 'User' FROM generate_series(1, 5000) n`,
    sql`INSERT INTO sessions (user_id, expires_at, absolute_expires_at)
      SELECT u.id, now() + interval '30 days', now() + interval '30 days' FROM users u`,
    sql`INSERT INTO login_attempts (bucket, count, last_attempt_id, window_ends_at)
      SELECT 'user:' || u.id || ':world', 1, gen_random_uuid(), now() + interval '15 minutes' FROM users u`,
    sql`INSERT INTO registration_attempts (id, email, name, password_hash, subject, expires_at)
      SELECT gen_random_uuid(), 'waiting-' || n % 2000 || '@example.com', 'User', '', '', now() + interval '7 days'
      FROM generate_series(1, 5000) n`,
    sql`INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, expires_at)
      SELECT sha256(u.id::text::bytea), 'revert_email', u.id, u.email, 'former-' || u.email, now() + interval '7 days' FROM users u`,
    sql`INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, request_id, expires_at)
      SELECT gen_random_uuid(), 'verify_email', '', 'address:' || n, 'client:' || n, 'client:' || n, gen_random_uuid(), now()
      FROM generate_series(1, 5000) n`,
    sql`ANALYZE users, sessions, login_attempts, registration_attempts, one_time_tokens, mail_outbox`,
  ]);
}, 60_000);

describe('on large tables no statement reads a table from end to end', () => {
  test('of a registration', async () => {
    const plans = await plansOf(databaseUrl(), () => postRegistration(required, freshEmail()));
    expectIndexed(plans.flat());
  });

  test('of a login that finds the newest pending registration', async () => {
    const email = 'waiting-7@example.com';
    const plans = await plansOf(databaseUrl(), () => required.post('/api/auth/login', { email, password }));
    expectIndexed(plans[0]!);
    expect(plans[0]!.map((node) => node['Index Name'])).toContain('registration_attempts_email_idx');
  });

  test.each(['waiting-7@example.com', 'user-7@example.com', 'nobody@example.com'])(
    'of a resend to %s',
    async (email) => {
      // The two that hold the client and the address read no table.
      const plans = await plansOf(databaseUrl(), () => resend(open, email));
      for (const step of [1, 2, 4, 5, 6, 7]) expectIndexed(plans[step]!);
    },
  );

  test('of a verification by session, by password and of a pending registration', async () => {
    const [one, other] = [await unverifiedAccount(open), await unverifiedAccount(open)];
    const waiting = await registerForToken(required, freshEmail());
    const { accessToken: bearer } = one.json;
    const plans = [
      ...(await plansOf(databaseUrl(), () => verify(open, { token: one.token }, { bearer }))),
      ...(await plansOf(databaseUrl(), () => verify(open, { token: other.token, password }))),
      ...(await plansOf(databaseUrl(), () => verify(open, { token: waiting, password }))),
      (await plansOf(databaseUrl(), () => verify(open, { token: other.token, password: otherPassword })))[0]!,
    ];
    for (const plan of plans) expectIndexed(plan);
  });
});
