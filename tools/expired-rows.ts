import { type Fragment, sql } from '../src/db/sql.ts';

const rowsPerStatement = 20_000;
const owner = sql`md5('owner of what is over')::uuid`;
const over = sql`now() - interval '2 days' - n * interval '1 millisecond'`;

function event(ageDays: number): Fragment {
  return sql`
    INSERT INTO security_events (user_id, type, outcome, request_id, at, ip_address, user_agent, device)
    SELECT gen_random_uuid(), 'authn_login_fail', 'failure', gen_random_uuid(),
      now() - ${ageDays}::int * interval '1 day' - n * interval '1 millisecond', '203.0.113.7', repeat('u', 100),
      '{"browser": "Firefox", "os": "Linux"}'::jsonb`;
}

/** How the clean-up calls each kind of row, and how `n` of it are added. */
const kinds: Readonly<Record<string, Fragment>> = {
  sessions: sql`
    INSERT INTO sessions (id, user_id, expires_at, absolute_expires_at, cookie_counter, body_counter)
    SELECT md5('session ' || n)::uuid, ${owner}, ${over}, ${over}, 0, 0`,
  login_attempts: sql`
    INSERT INTO login_attempts (bucket, count, last_attempt_id, window_ends_at)
    SELECT 'address:' || md5(n::text), 1, gen_random_uuid(), ${over}`,
  one_time_tokens: sql`
    INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, expires_at)
    SELECT sha256(convert_to(n::text, 'UTF8')), 'reset_password', gen_random_uuid(), n || '@example.com', ${over}`,
  registration_attempts: sql`
    INSERT INTO registration_attempts (id, email, name, password_hash, subject, expires_at)
    SELECT gen_random_uuid(), n || '@example.com', 'Over', repeat('h', 97), repeat('s', 51), ${over}`,
  security_events: event(91),
  'security_events.ip_address': event(31),
  mail_outbox: sql`
    INSERT INTO mail_outbox (id, kind, recipient, user_id, request_id, expires_at, finished_at, outcome)
    SELECT gen_random_uuid(), 'reset_password', n || '@example.com', gen_random_uuid(), gen_random_uuid(), ${over},
      ${over}, 'sent'`,
};

/** A former id of every session, which is deleted with it. */
const formerIds = sql`
  INSERT INTO former_session_ids (id, session_id) SELECT gen_random_uuid(), md5('session ' || n)::uuid`;

/** The kinds of row that `addExpiredRows` adds, as the log of the clean-up calls them. */
export const expiredKinds = Object.keys(kinds);

/** Adds so many rows of every kind that the clean-up deletes or shortens, all of them due. */
export async function addExpiredRows(
  run: (statement: Fragment) => Promise<unknown>,
  count: number,
): Promise<void> {
  await run(sql`
    INSERT INTO users (id, email, name) VALUES (${owner}, 'owner-of-what-is-over@example.com', 'Owner')
    ON CONFLICT DO NOTHING`);
  for (const insert of [...Object.values(kinds), formerIds]) {
    for (let first = 0; first < count; first += rowsPerStatement) {
      const last = Math.min(first + rowsPerStatement, count) - 1;
      await run(sql`${insert} FROM generate_series(${first}::int, ${last}::int) n`);
    }
  }
  await run(sql`ANALYZE`);
}

/** How many rows of each kind are due. */
export const countExpiredRows = sql`
  SELECT
    (SELECT count(*)::int FROM sessions WHERE expires_at <= now()) AS sessions,
    (SELECT count(*)::int FROM login_attempts WHERE window_ends_at <= now()) AS login_attempts,
    (SELECT count(*)::int FROM one_time_tokens WHERE expires_at <= now()) AS one_time_tokens,
    (SELECT count(*)::int FROM registration_attempts WHERE expires_at <= now()) AS registration_attempts,
    (SELECT count(*)::int FROM security_events WHERE at <= now() - interval '90 days') AS security_events,
    (SELECT count(*)::int FROM security_events
     WHERE at <= now() - interval '30 days' AND at > now() - interval '90 days' AND masklen(ip_address) IN (32, 128)
    ) AS "security_events.ip_address",
    (SELECT count(*)::int FROM mail_outbox WHERE finished_at <= now() - interval '1 day') AS mail_outbox`;
