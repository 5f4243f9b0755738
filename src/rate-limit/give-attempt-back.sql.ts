import type { Database } from '../db/client.ts';
import { sql } from '../db/sql.ts';
import { type AttemptLimits, refundAttempt } from './attempts.sql.ts';

/**
 * Deletes up to `limit` expired buckets in one statement. Rows that another run or an attempt has locked are skipped.
 * @returns how many were deleted
 */
export async function cleanupExpiredAttempts(db: Database, limit: number): Promise<number> {
  const statement = sql<{ deleted: number }>`
    WITH due AS (
      SELECT t.bucket FROM login_attempts t WHERE t.window_ends_at <= now()
      ORDER BY t.window_ends_at LIMIT ${limit}::int FOR UPDATE SKIP LOCKED
    ), deleted AS (
      DELETE FROM login_attempts t WHERE t.bucket = ANY (ARRAY(SELECT d.bucket FROM due d)) RETURNING t.bucket
    )
    SELECT count(*)::int AS deleted FROM deleted`;
  const [row] = await db.query('clean-up-attempts', statement);
  return row?.deleted ?? 0;
}

/** Gives back an attempt that was not checked. Round trips: 1. */
export async function giveAttemptBack(db: Database, bucket: string, limits: AttemptLimits): Promise<void> {
  await db.query('give-attempt-back', refundAttempt(bucket, limits));
}
