import { type Fragment, sql } from '../../src/db/sql.ts';
import { databaseUrl, openDatabase } from '../support/database.ts';

/** When to stop to wait, other than by the count. */
export interface Ending {
  /** Whether nobody is to be waited for any more. */
  readonly isOver?: () => boolean;
  /** Less than the sleep of `holdRows`, so that the rows are still held when the waiting fails. */
  readonly withinMs?: number;
  /** The database, where it is not that of the file. */
  readonly url?: string | undefined;
}

/** Resolves when `count` connections to the database are in this state, and fails after some seconds, with `what` was waited for. */
export async function untilCount(
  count: number,
  state: Fragment,
  what: string,
  { isOver = () => false, withinMs = 6000, url = databaseUrl() }: Ending = {},
): Promise<void> {
  const endsAt = Date.now() + withinMs;
  let found = 0;
  while (found < count && !isOver()) {
    if (Date.now() > endsAt)
      throw new Error(`waited ${withinMs} ms for ${count} connections ${what}, but there were ${found}`);
    await scheduler.wait(10);
    const [row] = await openDatabase(url).query<{ found: number }>(sql`
      SELECT count(*)::int AS found FROM pg_stat_activity WHERE datname = current_database() AND ${state}`);
    found = row?.found ?? 0;
  }
}
