import type { Database } from '../db/client.ts';
import { deletesDue } from '../db/delete-due.sql.ts';
import { type AttemptLimits, refundAttempt } from './attempts.sql.ts';

/** Deletes expired buckets, but for those that an attempt has locked. */
export const cleanupExpiredAttempts = deletesDue('clean-up-attempts', {
  ...{ table: 'login_attempts', key: 'bucket', at: 'window_ends_at' },
});

/** Gives back an attempt that was not checked. Round trips: 1. */
export async function giveAttemptBack(db: Database, bucket: string, limits: AttemptLimits): Promise<void> {
  await db.query('give-attempt-back', refundAttempt(bucket, limits));
}
