import { sql } from '../../src/db/sql.ts';
import { query } from '../support/database.ts';
import { untilAsleep } from './until-asleep.ts';

/**
 * Installs the barrier of a race in a database of the test's own: a function that takes a session's row lock and gives it
 * back when as many statements queue up behind it. Whoever waits was let in at the same moment, not one after the other.
 */
export async function installLockBarrier(): Promise<void> {
  await query(sql`
    CREATE FUNCTION test_hold_session(held uuid, waiting_min int, ms_max int) RETURNS int LANGUAGE plpgsql AS $body$
    DECLARE
      ends_at timestamptz := clock_timestamp() + make_interval(secs => ms_max / 1000.0);
      waiting int := 0;
    BEGIN
      PERFORM FROM sessions WHERE id = held FOR UPDATE;
      WHILE waiting < waiting_min AND clock_timestamp() < ends_at LOOP
        PERFORM pg_sleep(0.005);
        -- The first in the queue holds the tuple lock and waits for this transaction; the others wait for the tuple.
        SELECT count(DISTINCT pid) INTO waiting FROM pg_locks
        WHERE locktype = 'tuple' AND relation = 'sessions'::regclass
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
      END LOOP;
      RETURN waiting;
    END
    $body$`);
}

/**
 * Starts the statements of `race` while a session's row is held, and lets it go when all of them wait for it.
 * @returns what they gave, and how many were seen waiting
 */
export async function releaseTogether<T>(
  sessionId: string,
  race: readonly (() => Promise<T>)[],
): Promise<{ readonly results: T[]; readonly waiting: number }> {
  const hold = query<{ waiting: number }>(
    sql`SELECT test_hold_session(${sessionId}::uuid, ${race.length}::int, 6000) AS waiting`,
  );
  await untilAsleep(1);
  const results = await Promise.all(race.map((start) => start()));
  const [row] = await hold;
  return { results, waiting: row?.waiting ?? 0 };
}
