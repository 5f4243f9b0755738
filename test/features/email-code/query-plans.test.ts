import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { TestClient } from '../../support/client.ts';
import { databaseUrl, openDatabase } from '../../support/database.ts';
import { expectIndexed, type PlanNode, plansOf } from '../../support/query-plans.ts';
import { codeFor, providerUser, reauthenticateBy, requestCode, wrongCode } from './provider-account.ts';

const client = new TestClient({ EMAIL_VERIFICATION: 'off' });

beforeAll(async () => {
  await openDatabase().batch([
    sql`INSERT INTO users (email, name) SELECT 'user-' || n || '@example.com', 'User' FROM generate_series(1, 5000) n`,
    sql`INSERT INTO sessions (user_id, expires_at, absolute_expires_at)
      SELECT u.id, now() + interval '30 days', now() + interval '30 days' FROM users u`,
    sql`INSERT INTO login_attempts (bucket, count, last_attempt_id, window_ends_at)
      SELECT 'email-code:' || u.id || ':world', 1, gen_random_uuid(), now() + interval '15 minutes' FROM users u`,
    sql`INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, expires_at)
      SELECT sha256(u.id::text::bytea), 'email_code', u.id, u.email, now() + interval '10 minutes' FROM users u`,
    sql`INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, request_id, expires_at)
      SELECT gen_random_uuid(), 'reauthentication_code', '', 'address:' || n, 'client:' || n, 'client:' || n,
        gen_random_uuid(), now()
      FROM generate_series(1, 5000) n`,
    sql`ANALYZE users, sessions, login_attempts, one_time_tokens, mail_outbox`,
  ]);
}, 60_000);

const readsTables = (plan: readonly PlanNode[]) =>
  plan.some((node) => 'Relation Name' in node && node['Node Type'] !== 'ModifyTable');

test('no statement of a code reads a table from end to end', async () => {
  const user = await providerUser(client);
  const code = await codeFor(client, user);
  for (const request of [
    () => requestCode(client, user),
    () => reauthenticateBy(client, user, wrongCode(code)),
    () => reauthenticateBy(client, user, code),
  ]) {
    const plans = await plansOf(databaseUrl(), request);
    expect(plans.length).toBeGreaterThan(5);
    // The statement that holds a client reads no table.
    for (const plan of plans.filter(readsTables)) expectIndexed(plan);
  }
});
