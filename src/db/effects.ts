import type { Fragment } from './sql.ts';

/** Who made the request, as far as a record of it is concerned. */
export interface RequestMetadata {
  readonly requestId: string;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly location: object | null;
  /** BCP 47 tag of the language that the client prefers, for a mail to somebody whose language is not known. */
  readonly locale: string | null;
}

/**
 * A change that one feature adds to another's statement, committed with it or not at all. `source` is a CTE with the
 * columns `user_id` and `session_id` (null where there is none), one row per occurrence; the result is the body of a
 * data-modifying CTE that reads from it.
 */
export type Effect = (source: Fragment, metadata: RequestMetadata) => Fragment;

/** The occasions that a statement offers. `app.ts` registers who has something to add. */
export interface Effects {
  readonly userRegistered: readonly Effect[];
  readonly loggedIn: readonly Effect[];
  /** A password was checked and nobody signed in; the source has a further column `reason`. */
  readonly loginFailed: readonly Effect[];
  /** An attempt came after the last one of a window: once per window. */
  readonly loginLocked: readonly Effect[];
  /** The owner of a session proved again who they are; the session has its new id. */
  readonly reauthenticated: readonly Effect[];
  /** The owner's proof was refused; the source has a further column `reason`. So have the next two of this kind. */
  readonly reauthenticationFailed: readonly Effect[];
  /** The session is the owner's own, by its new id. */
  readonly passwordChanged: readonly Effect[];
  readonly passwordChangeFailed: readonly Effect[];
  /** A change of the password ended these sessions: one row each. */
  readonly endedByPasswordChange: readonly Effect[];
  /** As `loginLocked`, of the checks that somebody who is signed in has for their current password. */
  readonly passwordCheckLocked: readonly Effect[];
  /** A link for a new password was issued to the owner of an account. */
  readonly passwordResetRequested: readonly Effect[];
  readonly passwordReset: readonly Effect[];
  /** A reset of the password ended these sessions: one row each. */
  readonly endedByPasswordReset: readonly Effect[];
  /**
   * The mailbox of an account was proved for the first time: whoever keeps what was added to it before deletes that here
   * (LNK-05).
   */
  readonly firstVerified: readonly Effect[];
  /** The owner lifted the lock of their account by the link in the mail about it. */
  readonly unlocked: readonly Effect[];
  /** The owner said that a sign-in was not theirs: the password is gone. */
  readonly notMeReported: readonly Effect[];
  /** That ended these sessions: one row each. */
  readonly endedByNotMe: readonly Effect[];
  /** The row of the user goes, with all that refers to it. */
  readonly accountDeleted: readonly Effect[];
  /**
   * It has gone, in the same transaction: whoever keeps rows without a foreign key deletes them here, those too that came
   * while the deletion waited for the user. A repeat of the statement comes here again.
   */
  readonly accountGone: readonly Effect[];
  readonly accountDeletionFailed: readonly Effect[];
  /** Its owner asked for another address; the session is the one that asked. Whether somebody has that address makes no difference. */
  readonly emailChangeRequested: readonly Effect[];
  /** An account has another address, which was proved. */
  readonly emailChanged: readonly Effect[];
  /**
   * An account has an earlier address back, since somebody else moved it: whoever keeps a way into it that could be theirs
   * deletes that here.
   */
  readonly emailReverted: readonly Effect[];
  /** That ended these sessions: one row each. */
  readonly endedByEmailRevert: readonly Effect[];
  /** Its first verification ended these sessions of the account: one row each. */
  readonly endedByVerification: readonly Effect[];
  readonly loggedOut: readonly Effect[];
  readonly refreshTokenReused: readonly Effect[];
  /** Its owner ended one session from the list of theirs. */
  readonly sessionRevoked: readonly Effect[];
  /** Its owner ended all of them, or all others; one row per session. */
  readonly sessionsRevoked: readonly Effect[];
  /** A new session took the place of the one that was idle longest. */
  readonly sessionEvicted: readonly Effect[];
  readonly accountExported: readonly Effect[];
  /** An operator did it to a user; the source has the user. Where the answer was lost, it comes again by the same request. */
  readonly signedOutByAdmin: readonly Effect[];
  readonly bannedByAdmin: readonly Effect[];
  readonly unbannedByAdmin: readonly Effect[];
  /** A session ended with one of these. */
  readonly sessionEndedByAdmin: readonly Effect[];
}
