import type { Database } from '../db/client.ts';
import { type AuthError, defineErrors, isCode } from '../errors.ts';
import type { AttemptLimits } from './attempts.sql.ts';
import { budgetFields } from './budget-fields.ts';
import { giveAttemptBack } from './give-attempt-back.sql.ts';

const errors = defineErrors({
  too_many_attempts: { status: 429, title: 'Too many attempts. Please try again later.' },
});

/**
 * The refusal of an attempt beyond the limit: the same for every account and address, so that a lock does not reveal
 * which of them exist (ENU-06).
 */
export function tooManyAttempts({ max, windowSeconds }: AttemptLimits, retryAfterSeconds: number): AuthError {
  const usedUp = {
    name: 'attempts',
    quota: max,
    windowSeconds,
    remaining: 0,
    resetSeconds: retryAfterSeconds,
  };
  return errors.too_many_attempts({ retryAfterSeconds, headers: budgetFields(usedUp) });
}

/**
 * Runs the check of a reserved attempt, and gives the attempt back when there was no capacity for its hash: otherwise
 * a crowd at other accounts could use up the owner's attempts.
 */
export async function checkAttempt<T>(
  db: Database,
  bucket: string,
  limits: AttemptLimits,
  check: () => Promise<T>,
): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (isCode(error, 'overloaded')) await giveAttemptBack(db, bucket, limits);
    throw error;
  }
}
