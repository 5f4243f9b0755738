import type { Fragment } from '../db/sql.ts';

/**
 * A second factor that an account may ask for. A feature brings it in its manifest: base features learn of it only here.
 */
export interface Factor {
  /** The names of its methods, as the challenge lists them: `totp`. */
  readonly methods: readonly string[];
  /** Whether the account asks for it: a boolean expression over a row `u` of users, never null. */
  readonly isAskedFor: (u: Fragment) => Fragment;
}
