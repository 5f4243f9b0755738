import { sql } from '../../src/db/sql.ts';
import { untilCount } from './until-count.ts';

/**
 * Resolves when `count` connections to the database are in pg_sleep, and so hold what they had locked before; fails
 * after some seconds.
 */
export function untilAsleep(url: string, count: number): Promise<void> {
  return untilCount(url, count, sql`wait_event = 'PgSleep'`, 'in pg_sleep');
}
