import type { Database } from './db/client.ts';
import { log } from './log.ts';

/** Rows of one feature whose time comes, and how they are dealt with when it has. */
export interface CleanUp {
  /** For the log: the table, and the column where only that is cleared. */
  readonly rows: string;
  /** What is done to them, for the log. */
  readonly change: 'deleted' | 'shortened';
  /**
   * One statement that deals with at most `limit` of the rows that are due and that nobody else holds.
   * @returns how many those were; fewer than `limit` only when no more are left
   */
  readonly runBatch: (db: Database, limit: number) => Promise<number>;
}

/** What a run did about one kind of rows. */
export interface CleanUpResult {
  readonly rows: string;
  readonly count: number;
  /** Why it ended early; undefined when it did not fail. Rows of the batch that failed are left for the next run. */
  readonly failure: unknown;
}

/** Milliseconds during which a run by cron begins batches. */
export const nightlyRunMs = 20_000;

const batchSize = 1000;

/**
 * Deals with all rows whose time has come, in batches that are one short statement each, so that no lock is held for
 * long and a run that dies has lost one batch at most (T31, CRN-07). It begins batches for `runMs`; what is
 * left then waits for the next run. Repeating it is harmless, and runs side by side share the work.
 *
 * The kinds run beside each other, so that one that fails, hangs or never ends takes nothing from the others. Each
 * leaves one line in the log.
 *
 * @param openView Called for each batch: a view of the database has a time budget, which a run is longer than.
 */
export function runCleanUps(
  cleanUps: readonly CleanUp[],
  openView: () => Database,
  runMs: number,
): Promise<CleanUpResult[]> {
  const endsAt = Date.now() + runMs;
  return Promise.all(cleanUps.map((cleanUp) => runCleanUp(cleanUp, openView, endsAt)));
}

async function runCleanUp(
  { rows, change, runBatch }: CleanUp,
  openView: () => Database,
  endsAt: number,
): Promise<CleanUpResult> {
  let count = 0;
  let batches = 0;
  let isComplete = false;
  try {
    while (!isComplete && Date.now() < endsAt) {
      const done = await runBatch(openView(), batchSize);
      count += done;
      batches += 1;
      isComplete = done < batchSize;
    }
  } catch (failure) {
    log('error', 'clean_up_failed', { rows, [change]: count, batches, cause: failure });
    return { rows, count, failure };
  }
  log('info', 'clean_up_finished', { rows, [change]: count, batches, isComplete });
  return { rows, count, failure: undefined };
}
