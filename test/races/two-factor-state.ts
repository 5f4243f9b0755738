import { afterAll, expect } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { openDatabase, query } from '../support/database.ts';
import { markVerified, type TwoFactorUser } from '../support/two-factor.ts';

/** What accepts a code or a backup code, wherever it is shown. */
export const accepting = /UPDATE factors f SET last_step|UPDATE backup_codes b SET used_at/;

/** All devices that never completed a second step count in one row, under this id. */
const strangers = '00000000-0000-0000-0000-000000000000';

/** A client that waits for locks, and whose logins are not limited: the second factor's checks are. */
export function patientClient(overrides: Record<string, string> = {}): TestClient {
  return new TestClient({
    DATABASE_TIMEOUT_MS: '8000',
    LOGIN_ATTEMPTS_MAX: '100',
    ...overrides,
  });
}

/** What the tests look up of one account. */
export interface StoredState {
  readonly sessions: number;
  readonly misses: number;
  readonly backup_codes: number;
  readonly trusted: number;
  readonly challenges: number;
  readonly is_on: boolean;
  readonly has_password: boolean;
}

export async function stateOf(userId: string): Promise<StoredState | undefined> {
  const [row] = await query<StoredState>(sql`
    SELECT (SELECT count(*)::int FROM sessions s WHERE s.user_id = u.id) AS sessions,
      coalesce((SELECT d.misses FROM second_factor_devices d
        WHERE d.user_id = u.id AND d.device_id = ${strangers}::uuid), 0) AS misses,
      (SELECT count(*)::int FROM backup_codes b WHERE b.user_id = u.id) AS backup_codes,
      (SELECT count(*)::int FROM trusted_devices d WHERE d.user_id = u.id) AS trusted,
      (SELECT count(*)::int FROM one_time_tokens t
        WHERE t.owner_id = u.id AND t.kind = 'two_factor_challenge' AND t.spent_at IS NULL) AS challenges,
      u.two_factor_since IS NOT NULL AS is_on, u.password_hash IS NOT NULL AS has_password
    FROM users u WHERE u.id = ${userId}::uuid`);
  return row;
}

/** The ids of the sessions of a user. */
export async function sessionsOf(userId: string): Promise<string[]> {
  const rows = await query<{ id: string }>(sql`SELECT id FROM sessions WHERE user_id = ${userId}::uuid`);
  return rows.map(({ id }) => id);
}

/** How often these reasons, or types where there is none, were recorded for an account. */
export async function countEvents(userId: string, reason: string): Promise<number> {
  const [row] = await query<{ count: number }>(sql`
    SELECT count(*)::int AS count FROM security_events e
    WHERE e.user_id = ${userId}::uuid AND coalesce(e.reason, e.type) = ${reason}`);
  return row!.count;
}

/** No account of the database asks for a factor that it has not, has one that it does not ask for, or has leftovers of one. */
export async function expectConsistent(): Promise<void> {
  const wrong = await query(sql`
    WITH state AS (
      SELECT u.id, u.two_factor_since IS NOT NULL AS is_on, u.two_factor_reset_at IS NOT NULL AS is_reset,
        (SELECT count(*)::int FROM factors f WHERE f.user_id = u.id AND f.added_at IS NOT NULL) AS confirmed,
        (SELECT count(*)::int FROM backup_codes b WHERE b.user_id = u.id) AS backup_codes,
        (SELECT count(*)::int FROM trusted_devices d WHERE d.user_id = u.id) AS trusted
      FROM users u
    )
    SELECT * FROM state s
    WHERE s.confirmed <> s.is_on::int OR (NOT s.is_on AND (s.backup_codes > 0 OR s.trusted > 0 OR s.is_reset))`);
  expect(wrong).toEqual([]);
}

/** Fails behind the tests of a file when the server had to end a deadlock in its database. */
export function expectNoDeadlock(): void {
  afterAll(async () => {
    await scheduler.wait(1500); // statistics are flushed with a delay
    const [row] = await query<{ deadlocks: number }>(
      sql`SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()`,
    );
    expect(row!.deadlocks, 'deadlocks').toBe(0);
  });
}

/** Gives all checks back, as time would, and forgets the misses; what is in use stays as it is. */
export async function forgetChecks(): Promise<void> {
  await openDatabase().batch([
    sql`DELETE FROM login_attempts t WHERE t.bucket IN (SELECT x.bucket FROM login_attempts x FOR UPDATE SKIP LOCKED)`,
    sql`UPDATE second_factor_devices d SET misses = 0 WHERE (d.user_id, d.device_id) IN (
      SELECT x.user_id, x.device_id FROM second_factor_devices x FOR UPDATE SKIP LOCKED)`,
  ]);
}

/**
 * Notes in a database of the test's own what was committed when a device stopped being trusted and when two-factor was
 * turned on: `countOpenedAfter` finds the sessions that came later, however they were let go.
 */
export async function noteEnds(): Promise<void> {
  await openDatabase().batch([
    sql`CREATE TABLE test_ends (ended name NOT NULL, user_id uuid NOT NULL, seen pg_snapshot NOT NULL)`,
    sql`CREATE FUNCTION test_note_end() RETURNS trigger LANGUAGE plpgsql AS $body$
      BEGIN
        INSERT INTO test_ends VALUES (TG_TABLE_NAME, coalesce(NEW.user_id, OLD.user_id), pg_current_snapshot());
        RETURN NULL;
      END
      $body$`,
    sql`CREATE TRIGGER test_trust_ended AFTER DELETE ON trusted_devices FOR EACH ROW EXECUTE FUNCTION test_note_end()`,
    sql`CREATE TRIGGER test_factor_added AFTER UPDATE OF added_at ON factors FOR EACH ROW EXECUTE FUNCTION test_note_end()`,
  ]);
}

/** The sessions without a second factor of a user that were not committed before the end that `noteEnds` noted. */
export async function countOpenedAfter(
  userId: string,
  ended: 'trusted_devices' | 'factors',
): Promise<number> {
  const [row] = await query<{ ends: number; count: number }>(sql`
    WITH ends AS (SELECT e.seen FROM test_ends e WHERE e.user_id = ${userId}::uuid AND e.ended = ${ended})
    SELECT (SELECT count(*)::int FROM ends) AS ends,
      (SELECT count(*)::int FROM sessions s, ends e
        WHERE s.user_id = ${userId}::uuid AND s.second_factor_at IS NULL
          AND NOT pg_visible_in_snapshot(s.xmin::text::xid8, e.seen)) AS count`);
  expect(row!.ends, 'an end was noted').toBe(1);
  return row!.count;
}

/** How many answers have each outcome: a status, with the code of a failure. */
export function tally(answers: readonly Answer[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { status, json } of answers) {
    const outcome = status < 400 ? String(status) : `${status} ${json?.code}`;
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

/** Starts a setup and returns its secret. */
export async function startSetup(client: TestClient, bearer: string, userId: string): Promise<string> {
  await markVerified(client, userId);
  const setup = await client.post('/api/auth/two-factor/setup', undefined, { bearer });
  expect(setup.status, setup.text).toBe(200);
  return setup.json.secret;
}

export const enable = (client: TestClient, bearer: string, code: string): Promise<Answer> =>
  client.post('/api/auth/two-factor/enable', { code }, { bearer });

export const reauthenticateBy = (
  client: TestClient,
  bearer: string,
  proof: Readonly<Record<string, unknown>>,
): Promise<Answer> => client.post('/api/auth/reauthenticate', proof, { bearer });

/** Wrong codes on devices that never completed a second step, as if they had been entered. */
export function setMisses({ userId }: TwoFactorUser, misses: number): Promise<unknown> {
  return query(sql`
    INSERT INTO second_factor_devices (user_id, device_id, misses) VALUES (${userId}::uuid, ${strangers}::uuid, ${misses})
    ON CONFLICT (user_id, device_id) DO UPDATE SET misses = excluded.misses`);
}
