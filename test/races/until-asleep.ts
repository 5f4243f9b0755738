import { sql } from '../../src/db/sql.ts';
import { openDatabase } from '../support/database.ts';

/** Resolves when `count` connections to the database are in pg_sleep, and so hold what they had locked before. */
export async function untilAsleep(url: string, count: number): Promise<void> {
  let asleep = 0;
  while (asleep < count) {
    await scheduler.wait(10);
    const [row] = await openDatabase(url).query<{ asleep: number }>(sql`
      SELECT count(*)::int AS asleep FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event = 'PgSleep'`);
    asleep = row?.asleep ?? 0;
  }
}
