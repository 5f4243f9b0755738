import { type AuthError, defineErrors } from '../errors.ts';
import { type Budget, budgetFields } from './budget-fields.ts';

const errors = defineErrors({
  rate_limited: { status: 429, title: 'Too many requests from this address. Please wait a moment.' },
});

/**
 * The refusal of a client address that has used up this budget, with the seconds until the window ends as
 * `Retry-After`.
 */
export function rateLimited(budget: Budget): AuthError {
  return errors.rate_limited({ retryAfterSeconds: budget.resetSeconds, headers: budgetFields(budget) });
}
