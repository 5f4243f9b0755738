import type { Database } from '../../../db/client.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import { type Credentials, closeWaysIn } from '../../../joints/closing.ts';
import { clearAttempts } from '../../../rate-limit/attempts.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { type VerifiedCaller, verifiedCaller, verifiedOwner } from '../../current-password/index.ts';
import { type LinkMail, mailNotMeLink } from '../../one-time-tokens/index.ts';
import { endedNow, recordEvents } from '../../security-events/index.ts';
import {
  holdSession,
  type RenewedSessionRow,
  recordReauthentication,
  renewedBefore,
  renewedNow,
  renewSession,
  type SessionRenewal,
} from '../../sessions/index.ts';
import { lockUser, lockUserForShare, setPasswordHash } from '../../users/index.ts';

/**
 * Gives the caller's session its new id. Round trips: 1. Null when the password was changed, or the session ended,
 * since it was read. A repeat after a lost response finds what the first run made.
 */
export async function renewCallerSession(
  db: Database,
  verified: VerifiedCaller,
  renewal: SessionRenewal,
  metadata: RequestMetadata,
): Promise<RenewedSessionRow | null> {
  const steps = {
    holdUser: lockUserForShare(verified.userId),
    holdSession: holdSession(verified),
    renew: renewSession(verifiedCaller(verified), renewal),
    clearAttempts: clearedAttempts(verified, renewal),
    record: recordReauthentication(renewal, 'password', metadata),
    answer: renewedBefore(verified.userId, renewal),
  };
  const results = await db.batch('renew-caller-session', steps, { isIdempotent: true });
  const [row] = results.answer;
  return row ?? null;
}

/** A password that was chosen. */
export interface NewPassword {
  readonly newHash: string;
  /** That it was changed. */
  readonly notice: LinkMail;
}

/**
 * Changes the caller's password, gives the session its new id and ends all other sessions: all or nothing. Reset
 * links stay valid, or whoever knows this password could keep the owner from using them. Round trips: 1. Null as for
 * `renewCallerSession`.
 *
 * The account is held first, so that what others did to it until then ends here, such as a session that a login opened
 * or a requested change of the address. A later login finds another hash (SES-07, LNK-05). It also makes two changes
 * count their notices one after the other. A repeat ends what was opened in between as well.
 */
export async function changePassword(
  db: Database,
  verified: VerifiedCaller,
  renewal: SessionRenewal,
  { newHash, notice }: NewPassword,
  credentials: readonly Credentials[],
  metadata: RequestMetadata,
): Promise<RenewedSessionRow | null> {
  const once = renewedNow(renewal);
  // No two hashes are the same: only this change, or an earlier run of it, has set this one.
  const owner = sql`(
    SELECT u.id AS user_id FROM users u WHERE u.id = ${verified.userId}::uuid AND u.password_hash = ${newHash})`;
  const steps = {
    holdUser: lockUser(verified.userId),
    holdSession: holdSession(verified),
    renew: renewSession(verifiedOwner(verified), renewal),
    setPassword: setPasswordHash(once, newHash),
    ...closeWaysIn(credentials, {
      occasion: 'password_changed',
      ...{ owner, ownerOnce: once, actingSessionId: renewal.newId, since: null, metadata },
    }),
    clearAttempts: clearedAttempts(verified, renewal),
    record: recordEvents(
      once,
      { type: 'authn_password_change', outcome: 'success', method: 'password' },
      metadata,
    ),
    tellOwner: mailNotMeLink(once, notice, 'recipient', metadata, { ended: endedNow(metadata) }),
    answer: renewedBefore(verified.userId, renewal),
  };
  const results = await db.batch('change-password', steps, { isIdempotent: true });
  const [row] = results.answer;
  return row ?? null;
}

function clearedAttempts({ bucket }: VerifiedCaller, renewal: SessionRenewal): Fragment | null {
  return bucket === null ? null : clearAttempts(bucket, renewedNow(renewal));
}
