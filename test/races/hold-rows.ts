import { expect } from 'vitest';
import { type Fragment, sql } from '../../src/db/sql.ts';
import { openDatabase } from '../support/database.ts';
import { untilAsleep } from './until-asleep.ts';
import { untilWaiting } from './until-waiting.ts';

/**
 * Runs statements and keeps what they lock, in a transaction that is rolled back by the returned function. It ends all
 * such transactions of the database, so a test has one at a time.
 */
export async function holdRows(url: string, statements: readonly Fragment[]): Promise<() => Promise<void>> {
  const holding = expect(
    openDatabase(url).batch([...statements, sql`SELECT pg_sleep(7)`]),
  ).rejects.toMatchObject({ code: '57014' });
  await untilAsleep(url, 1);
  return async () => {
    await openDatabase(url).query(sql`
      SELECT pg_cancel_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event = 'PgSleep'`);
    await holding;
  };
}

/**
 * Starts calls while rows are held that they need, and gives the rows back when every call waits twice: its first try,
 * which the service has given up, and the one that repeats it.
 */
export async function heldUntilRepeated<T>(
  url: string,
  statements: readonly Fragment[],
  calls: readonly (() => Promise<T>)[],
): Promise<T[]> {
  const release = await holdRows(url, statements);
  const answers = Promise.all(calls.map((call) => call()));
  await untilWaiting(url, 2 * calls.length);
  await release();
  return answers;
}
