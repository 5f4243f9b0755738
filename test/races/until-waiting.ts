import { sql } from '../../src/db/sql.ts';
import { type Ending, untilCount } from './until-count.ts';

/**
 * Resolves when `count` connections to the database wait for a lock that another one holds, or nobody is to be waited
 * for; fails after some seconds.
 */
export function untilWaiting(count: number, ending?: Ending): Promise<void> {
  return untilCount(count, sql`wait_event_type = 'Lock'`, 'that wait for a lock', ending);
}
