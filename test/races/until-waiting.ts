import { sql } from '../../src/db/sql.ts';
import { openDatabase } from '../support/database.ts';

/** Resolves when `count` connections to the database wait for a lock that another one holds, or nobody is to be waited for. */
export async function untilWaiting(url: string, count: number, isOver = () => false): Promise<void> {
  let waiting = 0;
  while (waiting < count && !isOver()) {
    await scheduler.wait(10);
    const [row] = await openDatabase(url).query<{ waiting: number }>(sql`
      SELECT count(*)::int AS waiting FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`);
    waiting = row?.waiting ?? 0;
  }
}
