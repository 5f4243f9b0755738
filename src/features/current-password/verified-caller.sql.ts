import { type Fragment, sql } from '../../db/sql.ts';
import { type CallerIds, fromLiveSession } from '../sessions/index.ts';
import { isOutOfRecovery } from '../users/index.ts';

/** The caller, on condition that the password is still the one that was verified. */
export interface VerifiedCaller extends CallerIds {
  /** Null for an account without a password. */
  readonly passwordHash: string | null;
  /** The bucket whose attempts are reset; null when none was counted. */
  readonly bucket: string | null;
}

/**
 * The caller of a sensitive action, whom the gates let pass when they were asked, in a round trip of its own: no recovery has
 * begun since.
 */
export function verifiedOwner(verified: VerifiedCaller): Fragment {
  return sql`(
    SELECT v.* FROM ${verifiedCaller(verified)} v JOIN users u ON u.id = v.user_id WHERE ${isOutOfRecovery(sql`u`)})`;
}

/**
 * The caller while the password is the verified one and the session is live: a sub-select with `user_id` and
 * `session_id`. Hold the user and the session first, and it holds for the rest of the batch.
 */
export function verifiedCaller({ userId, sessionId, passwordHash }: VerifiedCaller): Fragment {
  return sql`(
    SELECT s.user_id, s.id AS session_id ${fromLiveSession({ userId, sessionId })}
      AND u.password_hash IS NOT DISTINCT FROM ${passwordHash}::text)`;
}
