import type { Config } from '../config.ts';
import type { Keyring } from '../crypto/keyring.ts';
import type { Database } from '../db/client.ts';
import type { Credentials } from '../joints/closing.ts';
import { log } from '../log.ts';

/** One kind of row that is over or was made with a secret that is being replaced, and what the clean-up does with it. */
export interface CleanUp {
  /** For the log: the table, with the column where only that is cleared. */
  readonly rows: string;
  readonly change: 'deleted' | 'shortened' | 'renewed' | 'ended';
  /**
   * Deletes or shortens at most `limit` expired rows in one statement, and skips rows that others have locked; or
   * makes at most `limit` rows anew with the current secret.
   * @returns how many there were; fewer than `limit` only when none are left
   */
  readonly runBatch: (db: Database, limit: number, keyring: Keyring, means: CleanUpMeans) => Promise<number>;
  /** Counts, after the last batch, what the log line says beside that. */
  readonly countLeft?: (db: Database, keyring: Keyring) => Promise<Readonly<Record<string, number>>>;
}

/** What few clean-ups need besides. */
export interface CleanUpMeans {
  /** What closes with a way into an account. */
  readonly credentials: readonly Credentials[];
  readonly config: Config;
}

/** The result of a run for one kind of row. */
export interface CleanUpResult {
  readonly rows: string;
  readonly count: number;
  /** Why it ended early; undefined when it did not fail. The rows of the failed batch are left for the next run. */
  readonly failure: unknown;
}

/** What a run may use. */
export interface CleanUpRun extends CleanUpMeans {
  /** Called once per batch, since a view of the database has a time budget that is shorter than a run. */
  readonly openView: () => Database;
  readonly keyring: Keyring;
  /** For so many milliseconds it starts new batches. */
  readonly runMs: number;
}

/** How long a run by cron starts new batches, in milliseconds. */
export const cronRunMs = 20_000;

/** Rows per batch: the first one of a run, and the bounds. */
const batchRows = { first: 500, min: 125, max: 2000 } as const;
/** A batch that takes longer is too large for this database: it must answer within DATABASE_TIMEOUT_MS. */
const slowBatchMs = 1000;
/** Batches of one kind in a run. A Worker may only make so many calls, and sending the mails needs some too. */
const batchesMax = 100;

/**
 * Deletes or shortens all expired rows in batches of one short statement each, so that no lock is held for long and a
 * run that dies loses one batch at most (T31, CRN-07). Batches become larger while they are fast, since a remote
 * database makes each wait, and smaller when one was slow. A run starts batches for `runMs` and leaves the rest for
 * the next one. It is idempotent, and parallel runs share the work.
 *
 * All kinds run at the same time, so that one that fails or hangs does not hold up the others. Each writes one line
 * to the log.
 */
export function runCleanUps(cleanUps: readonly CleanUp[], run: CleanUpRun): Promise<CleanUpResult[]> {
  const endsAt = Date.now() + run.runMs;
  return Promise.all(cleanUps.map((cleanUp) => runCleanUp(cleanUp, run, endsAt)));
}

async function runCleanUp(
  { rows, change, runBatch, countLeft }: CleanUp,
  { openView, keyring, credentials, config }: CleanUpRun,
  endsAt: number,
): Promise<CleanUpResult> {
  let count = 0;
  let batches = 0;
  let isComplete = false;
  let limit: number = batchRows.first;
  let left = {};
  try {
    while (!isComplete && batches < batchesMax && Date.now() < endsAt) {
      const startedAt = Date.now();
      const done = await runBatch(openView(), limit, keyring, { credentials, config });
      count += done;
      batches += 1;
      isComplete = done < limit;
      const isSlow = Date.now() - startedAt > slowBatchMs;
      limit = isSlow ? Math.max(batchRows.min, limit / 2) : Math.min(batchRows.max, limit * 2);
    }
    if (countLeft !== undefined) left = await countLeft(openView(), keyring);
  } catch (failure) {
    log('error', 'clean_up_failed', { rows, [change]: count, batches, cause: failure });
    return { rows, count, failure };
  }
  log('info', 'clean_up_finished', { rows, [change]: count, batches, isComplete, ...left });
  return { rows, count, failure: undefined };
}
