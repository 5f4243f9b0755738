import type { RequestMetadata } from '../request-metadata.ts';
import type { Fragment } from './sql.ts';

/**
 * A change that one feature adds to another's statement, committed with it or not at all. `source` is a CTE with the
 * columns `user_id` and `session_id` (null where there is none), one row per event; the result is the body of a
 * data-modifying CTE that reads from it.
 */
export type Effect = (source: Fragment, metadata: RequestMetadata) => Fragment;

/** The events to which a statement lets others add effects. `app.ts` registers them. */
export interface Effects {
  readonly userRegistered: readonly Effect[];
  readonly loggedIn: readonly Effect[];
  /** A password was checked and nobody signed in; the source also has a column `reason`. */
  readonly loginFailed: readonly Effect[];
  /** A reset link was issued to the owner of an account. */
  readonly passwordResetRequested: readonly Effect[];
  /**
   * The address of an account was verified for the first time: features delete here what was added to the account
   * before (LNK-05).
   */
  readonly firstVerified: readonly Effect[];
  /** The owner reported a sign-in as not their own: the password has been cleared. */
  readonly notMeReported: readonly Effect[];
  /** Sessions that this report ended: one row each. */
  readonly endedByNotMe: readonly Effect[];
  /**
   * The owner asked for another address; the session is the one that asked. Whether that address is taken makes no
   * difference.
   */
  readonly emailChangeRequested: readonly Effect[];
  /** The account has another address, which was verified. */
  readonly emailChanged: readonly Effect[];
  /**
   * The account has its former address back, because somebody else had changed it: features revoke here whatever that
   * person could still use to get in.
   */
  readonly emailReverted: readonly Effect[];
  /** Sessions that the revert ended: one row each. */
  readonly endedByEmailRevert: readonly Effect[];
}
