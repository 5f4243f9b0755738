import type { Fragment } from '../db/sql.ts';

/**
 * A second factor that an account may ask for. A feature brings it in its manifest: base features learn of it only here.
 * Its fragments are expressions over a row `u` of users. What it does by itself asks for `D`, the dependencies of a flow.
 */
export interface SecondFactor<D = never> {
  /** Whether the account asks for it: a boolean, never null. */
  readonly isAskedFor: (u: Fragment) => Fragment;
  /** Since when it does: a timestamptz, which counts only where it is asked for. */
  readonly since: (u: Fragment) => Fragment;
  /** The names of the methods that the account has left, such as `totp`: a text[], never null. */
  readonly methods: (u: Fragment) => Fragment;
  /** Whether it is not asked for any longer, but what belongs to it is still there: a boolean, never null. */
  readonly hasLapsed: (u: Fragment) => Fragment;
  /** Ends what belongs to it, if it has lapsed. */
  readonly endLapsed: (deps: D, userId: string) => Promise<void>;
}
