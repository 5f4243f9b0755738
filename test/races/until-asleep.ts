import { sql } from '../../src/db/sql.ts';
import { untilCount } from './until-count.ts';

/**
 * Resolves when `count` connections to the database are in pg_sleep, and so hold what they had locked before; fails
 * after some seconds.
 */
export function untilAsleep(count: number, url?: string): Promise<void> {
  return untilCount(count, sql`wait_event = 'PgSleep'`, 'in pg_sleep', { url });
}
