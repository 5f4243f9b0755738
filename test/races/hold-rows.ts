import { expect } from 'vitest';
import { type Fragment, sql } from '../../src/db/sql.ts';
import type { Answer } from '../support/client.ts';
import { openDatabase, query } from '../support/database.ts';
import { untilAsleep } from './until-asleep.ts';
import { untilWaiting } from './until-waiting.ts';

/**
 * Runs `during` while statements have run whose transaction is not over, so that what they lock is held, and then rolls
 * them back, also when `during` fails. It ends all such transactions of the database, so a test has one at a time.
 *
 * @param during Resolves with calls in an array when they are to go on after it.
 */
export async function holdRows<T>(statements: readonly Fragment[], during: () => Promise<T>): Promise<T> {
  const holding = expect(
    openDatabase().batch([...statements, sql`SELECT pg_sleep(7)`]),
  ).rejects.toMatchObject({ code: '57014' });
  try {
    // Statements that fail never fall asleep.
    await Promise.race([untilAsleep(1), holding]);
    return await during();
  } finally {
    await query(sql`
      SELECT pg_cancel_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event = 'PgSleep'`);
    await holding;
  }
}

/**
 * Starts calls while rows are held that they need, and gives the rows back when every call waits twice: its first try,
 * which the service has given up, and the one that repeats it.
 */
export async function heldUntilRepeated<T>(
  statements: readonly Fragment[],
  calls: readonly (() => Promise<T>)[],
): Promise<T[]> {
  const started = await holdRows(statements, async () => {
    const answers = calls.map((call) => call());
    await untilWaiting(2 * calls.length);
    return answers;
  });
  return Promise.all(started);
}

/** The answer to a call that waits for what is held, with what happens until it can go on. */
export async function whileWaiting(
  held: readonly Fragment[],
  call: () => Promise<Answer>,
  meanwhile?: () => Promise<unknown>,
): Promise<Answer> {
  const [answer] = await holdRows(held, async () => {
    let isAnswered = false;
    const waiting = call().finally(() => {
      isAnswered = true;
    });
    await untilWaiting(1, { isOver: () => isAnswered });
    await meanwhile?.();
    return [waiting] as const;
  });
  return answer;
}
