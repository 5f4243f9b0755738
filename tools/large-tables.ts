import { type Fragment, sql } from '../src/db/sql.ts';

const rowsPerStatement = 50_000;

/**
 * Fills a migrated database with 200,000 users, 500,000 live sessions, and an event, counted attempts, a link, a
 * mail, an authenticator, a backup code and a trusted device per user, and updates the planner's statistics. Takes about half a minute on two busy cores, and no statement
 * more than two seconds.
 * @param share how much of all that
 */
export async function fillLargeTables(
  run: (statement: Fragment) => Promise<unknown>,
  share = 1,
): Promise<void> {
  const usersCount = 200_000 * share;
  const sessionsCount = 500_000 * share;
  const eventsCount = 200_000 * share;
  const day = sql`now() + interval '20 days'`;
  for (const [count, insert] of [
    [
      usersCount,
      sql`INSERT INTO users (id, email, name) SELECT md5('user ' || n)::uuid, 'large-' || n || '@example.com', 'Large'`,
    ],
    [
      sessionsCount,
      sql`INSERT INTO sessions (user_id, expires_at, absolute_expires_at, cookie_counter, body_counter)
        SELECT md5('user ' || n % ${usersCount}::int)::uuid, ${day}, ${day}, 0, 0`,
    ],
    [
      eventsCount,
      sql`INSERT INTO security_events (user_id, type, outcome, request_id, at)
        SELECT md5('user ' || n % ${usersCount}::int)::uuid, 'authn_login_success', 'success', gen_random_uuid(),
          now() - n * interval '10 seconds'`,
    ],
    [
      usersCount,
      sql`INSERT INTO login_attempts (bucket, count, last_attempt_id, window_ends_at)
        SELECT 'user:' || md5('user ' || n)::uuid || ':world', 1, gen_random_uuid(), now() + interval '15 minutes'`,
    ],
    [
      usersCount,
      sql`INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, expires_at)
        SELECT sha256(convert_to('token ' || n, 'UTF8')), 'not_me', md5('user ' || n)::uuid, 'large-' || n || '@example.com', ${day}`,
    ],
    [
      usersCount,
      sql`INSERT INTO mail_outbox (id, kind, recipient, user_id, request_id, expires_at, finished_at, outcome)
        SELECT gen_random_uuid(), 'new_device', 'large-' || n || '@example.com', md5('user ' || n)::uuid, gen_random_uuid(), ${day},
          now(), 'sent'`,
    ],
    [
      usersCount,
      sql`INSERT INTO factors (id, user_id, kind, name, secret_sealed, added_at, held_since)
        SELECT md5('factor ' || n)::uuid, md5('user ' || n)::uuid, 'totp', 'Authenticator app', 'v1.other.' || n, now(), now()`,
    ],
    [
      usersCount,
      sql`INSERT INTO backup_codes (user_id, code_hash) SELECT md5('user ' || n)::uuid, sha256(convert_to('code ' || n, 'UTF8'))`,
    ],
    [
      usersCount,
      sql`INSERT INTO trusted_devices (id, user_id, expires_at)
        SELECT md5('device ' || n)::uuid, md5('user ' || n)::uuid, ${day}`,
    ],
  ] as const) {
    for (let first = 0; first < count; first += rowsPerStatement) {
      const last = Math.min(first + rowsPerStatement, count) - 1;
      await run(sql`${insert} FROM generate_series(${first}::int, ${last}::int) n`);
    }
  }
  await run(
    sql`ANALYZE users, sessions, security_events, login_attempts, one_time_tokens, mail_outbox, factors, backup_codes,
      trusted_devices`,
  );
}
