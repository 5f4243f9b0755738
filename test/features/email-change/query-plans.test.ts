import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshEmail } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { databaseUrl, openDatabase } from '../../support/database.ts';
import { expectIndexed, type PlanNode, plansOf } from '../../support/query-plans.ts';
import { signIn } from '../sessions/session-fixtures.ts';
import { confirm, linkTo, move, requestChange, revert } from './mover.ts';

const client = new TestClient();

beforeAll(async () => {
  await openDatabase().batch([
    sql`INSERT INTO users (email, name) SELECT 'user-' || n || '@example.com', 'User' FROM generate_series(1, 5000) n`,
    sql`INSERT INTO sessions (user_id, expires_at, absolute_expires_at)
      SELECT u.id, now() + interval '30 days', now() + interval '30 days' FROM users u`,
    sql`INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, expires_at)
      SELECT sha256(u.id::text::bytea), 'revert_email', u.id, u.email, u.email, now() + interval '7 days' FROM users u`,
    sql`INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, request_id, expires_at)
      SELECT gen_random_uuid(), 'verify_email', '', 'address:' || n, 'client:' || n, 'client:' || n, gen_random_uuid(), now()
      FROM generate_series(1, 5000) n`,
    sql`INSERT INTO registration_attempts (id, email, name, password_hash, subject, expires_at)
      SELECT gen_random_uuid(), 'waiting-' || n || '@example.com', 'Waiting', '', '', now() + interval '7 days'
      FROM generate_series(1, 5000) n`,
    sql`ANALYZE users, sessions, one_time_tokens, mail_outbox, registration_attempts`,
  ]);
}, 60_000);

const readsTables = (plan: readonly PlanNode[]) =>
  plan.some((node) => 'Relation Name' in node && node['Node Type'] !== 'ModifyTable');

test('no statement of a change of address reads a table from end to end', async () => {
  const owner = await signIn(client);
  const mover = await signIn(client);
  const token = await linkTo(client, mover, freshEmail());
  const moved = await signIn(client);
  const { revertToken } = await move(client, moved);
  for (const request of [
    () => requestChange(client, owner, freshEmail()),
    () => confirm(client, token),
    () => revert(client, revertToken),
  ]) {
    const plans = await plansOf(databaseUrl(), request);
    expect(plans.length).toBeGreaterThan(1);
    // The statements that hold a client, and that record what happened, read no table of their own.
    for (const plan of plans.filter(readsTables)) expectIndexed(plan);
  }
});
