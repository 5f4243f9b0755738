import type { Fragment } from '../../db/sql.ts';
import type { RequestMetadata } from '../../request/request-metadata.ts';
import { beginSession, begunNow } from '../sessions/index.ts';
import { noteTrustUsed } from '../trusted-devices/index.ts';
import { issueChallenge } from './challenge/issue-challenge.sql.ts';
import { settleSignIn } from './settle-sign-in.sql.ts';
import type { SignInOpening } from './sign-in.ts';

/** What is known of a sign-in before its statement. */
export interface ExpectedOpening {
  /** Whether a second factor must follow, as far as was read. */
  readonly isChallenge: boolean;
  /** The attempts that are given back; null where none was counted. */
  readonly bucket: string | null;
}

/**
 * The steps that begin a session for the user of `owner`, a SELECT of `user_id`, or issue the challenge where a second
 * factor must follow: an account without one pays for none. Hold the user first.
 */
export function openingSteps(
  owner: Fragment,
  { bucket, isChallenge }: ExpectedOpening,
  opening: SignInOpening,
  metadata: RequestMetadata,
): Readonly<Record<string, Fragment | null>> {
  if (isChallenge) return { issueChallenge: issueChallenge(owner, opening, bucket, metadata) };
  const { session, trusted } = opening;
  return {
    beginSession: beginSession(owner, opening),
    settle: settleSignIn(bucket, opening, metadata),
    ...opening.completion?.steps(begunNow(session)),
    noteTrustUsed: trusted.length === 0 ? null : noteTrustUsed(begunNow(session), trusted),
  };
}
