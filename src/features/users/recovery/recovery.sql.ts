import { type Fragment, sql } from '../../../db/sql.ts';
import { type RecoveryCause, recoveries } from '../../../joints/closing.ts';

/** Whether the account of the user `u` of users is being recovered: whoever is in it passes no gate. */
export function isInRecovery(u: Fragment): Fragment {
  return sql`(${u}.recovery_since IS NOT NULL)`;
}

/** Whether the account of the user `u` is in no recovery: never null. */
export function isOutOfRecovery(u: Fragment): Fragment {
  return sql`${u}.recovery_since IS NULL`;
}

/** Whether a recovery of the account of the user `u` began after that time, a timestamptz. */
export function isRecoveredSince(u: Fragment, at: Fragment): Fragment {
  return sql`coalesce(${u}.recovery_since > ${at}, false)`;
}

/** Select list: `recovery_cause`, a `RecoveryCause`, and `recovery_since`, as text of full precision; null without one. */
export function recoveryColumns(u: Fragment): Fragment {
  return sql`${u}.recovery_cause, ${u}.recovery_since::text`;
}

/** Whether the recovery of the user `u` is still the one that was read: null for none. */
export function isRecoverySince(u: Fragment, since: string | null): Fragment {
  return sql`${u}.recovery_since IS NOT DISTINCT FROM ${since}::timestamptz`;
}

/**
 * Assignments, for an UPDATE of users `u`, that begin a recovery. What guesses begin is the weaker kind, and leaves the cause
 * of one that the owner has begun.
 */
export function beginRecovery(u: Fragment, cause: RecoveryCause): Fragment {
  const kept = recoveries[cause].isByGuesses ? sql`coalesce(${u}.recovery_cause, ${cause})` : sql`${cause}`;
  return sql`recovery_since = now(), recovery_cause = ${kept}`;
}

/** Assignments, for an UPDATE of users, that end a recovery. */
export const endRecovery: Fragment = sql`recovery_since = NULL, recovery_cause = NULL`;
