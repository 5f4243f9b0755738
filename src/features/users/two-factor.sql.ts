import { type Fragment, sql } from '../../db/sql.ts';
import { guessedCauses } from '../../joints/closing.ts';

/** Whether the user `u` of users asks for a second factor: it was turned on, and no reset of it is due. */
export function asksForTwoFactor(u: Fragment): Fragment {
  return sql`(${u}.two_factor_since IS NOT NULL AND coalesce(${u}.two_factor_reset_at > now(), true))`;
}

/** Since when the user `u` of users asks for a second factor; null for one who never did. */
export function twoFactorSince(u: Fragment): Fragment {
  return sql`${u}.two_factor_since`;
}

/** Whether the operator's reset of the second factor of the user `u` is due, and has not been carried out yet. */
export function isTwoFactorResetDue(u: Fragment): Fragment {
  return sql`coalesce(${u}.two_factor_reset_at <= now(), false)`;
}

/** Whether an operator's reset of the second factor of the user `u` waits for its time. */
export function isTwoFactorResetPending(u: Fragment): Fragment {
  return sql`coalesce(${u}.two_factor_reset_at > now(), false)`;
}

/** FROM and WHERE for the users, alias `u`, of whom a reset is due. */
export function fromDueTwoFactorResets(): Fragment {
  return sql`FROM users u WHERE u.two_factor_reset_at <= now()`;
}

/**
 * A statement that notes that the users in `owner`, a sub-select with `user_id`, ask for a second factor from now on; one
 * that replaces another counts from now on as well.
 */
export function startTwoFactor(owner: Fragment): Fragment {
  return sql`
    UPDATE users u SET two_factor_since = now(), two_factor_reset_at = NULL, updated_at = now()
    FROM ${owner} o WHERE u.id = o.user_id`;
}

/** A statement that notes that the users in `owner`, a sub-select with `user_id`, ask for no second factor any longer. */
export function dropTwoFactor(owner: Fragment): Fragment {
  return sql`
    UPDATE users u SET two_factor_since = NULL, two_factor_reset_at = NULL, updated_at = now()
    FROM ${owner} o WHERE u.id = o.user_id AND u.two_factor_since IS NOT NULL`;
}

/**
 * A statement that lets a reset become effective in so many hours, unless one waits already, and returns `effective_at` in
 * either case; no row for a user who asks for no second factor.
 */
export function announceTwoFactorReset(
  userId: string,
  delayHours: number,
): Fragment<{ readonly effective_at: Date }> {
  return sql`
    UPDATE users u SET two_factor_reset_at = coalesce(u.two_factor_reset_at, now() + make_interval(hours => ${delayHours}::int))
    WHERE u.id = ${userId}::uuid AND u.two_factor_since IS NOT NULL
    RETURNING u.two_factor_reset_at AS effective_at`;
}

/**
 * A statement that notes that the users in `owner`, a sub-select with `user_id`, have passed their second factor: a reset that
 * waits is cancelled.
 * @param isBeyondGuessing whether nobody can have guessed the proof: a recovery that guesses began is over
 */
export function passSecondFactor(
  owner: Fragment,
  { isBeyondGuessing }: { readonly isBeyondGuessing: boolean },
): Fragment {
  const isOver = sql`(${isBeyondGuessing}::boolean AND coalesce(u.recovery_cause = ANY (${guessedCauses}::text[]), false))`;
  return sql`
    UPDATE users u SET
      two_factor_reset_at = CASE WHEN ${isTwoFactorResetPending(sql`u`)} THEN NULL ELSE u.two_factor_reset_at END,
      recovery_since = CASE WHEN ${isOver} THEN NULL ELSE u.recovery_since END,
      recovery_cause = CASE WHEN ${isOver} THEN NULL ELSE u.recovery_cause END
    FROM ${owner} o WHERE u.id = o.user_id AND (${isTwoFactorResetPending(sql`u`)} OR ${isOver})`;
}

/** A statement that cancels the resets of the users in `owner`, a sub-select with `user_id`, that are not due yet. */
export function cancelTwoFactorReset(owner: Fragment): Fragment {
  return sql`
    UPDATE users u SET two_factor_reset_at = NULL FROM ${owner} o
    WHERE u.id = o.user_id AND ${isTwoFactorResetPending(sql`u`)}
    RETURNING u.id AS user_id`;
}
