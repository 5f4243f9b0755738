import type { Steps } from '../../../db/client.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import { type ClosingScope, type Credentials, closeWaysIn } from '../../../joints/closing.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import {
  consumedByUs,
  consumedNow,
  consumeToken,
  fromLiveToken,
  type PresentedOneTimeToken,
} from '../../one-time-tokens/index.ts';
import { dropPendingRegistrations } from '../../pending-registrations/index.ts';
import { recordEvents } from '../../security-events/index.ts';
import { markVerified } from '../../users/index.ts';
import { emailVerified } from '../email-verified.sql.ts';

/** Who verifies, and the session that goes on. */
export interface Verification extends Pick<ClosingScope, 'metadata'> {
  readonly presented: PresentedOneTimeToken;
  readonly userId: string;
  /** A condition over the user `u` besides those of the link itself. */
  readonly isProved: Fragment;
  readonly sessionId: string;
}

/**
 * The steps of a batch that consume the verification link of an account and verify its address, behind the lock of the
 * user. At the first verification they end what was added to the account before it (LNK-05).
 */
export function verificationSteps(
  { presented, userId, isProved, sessionId, metadata }: Verification,
  credentials: readonly Credentials[],
): Steps {
  const now = consumedNow(presented, metadata.operationId);
  const holder = sql`(
    SELECT u.id AS user_id FROM users u
    WHERE u.id = ${userId}::uuid AND u.banned_at IS NULL AND ${isProved}
      AND EXISTS (SELECT ${fromLiveToken(presented)} AND t.email = u.email))`;
  return {
    consume: consumeToken(holder, presented, metadata.operationId),
    verify: markVerified(now),
    ...closeWaysIn(credentials, {
      occasion: 'first_verified',
      owner: firstVerifiedBy(consumedByUs(presented, metadata.operationId)),
      ownerOnce: firstVerifiedBy(now),
      actingSessionId: sessionId,
      since: null,
      metadata,
    }),
    settleProof: settleProof(now, sessionId, metadata),
  };
}

/** The user whose address was verified for the first time in the transaction that consumed the token: a sub-select. */
function firstVerifiedBy(consumed: Fragment): Fragment {
  return sql`(
    SELECT u.id AS user_id FROM ${consumed} c JOIN users u ON u.id = c.user_id AND u.email_verified_at = c.consumed_at)`;
}

/** Drops the pending registrations of the address, and records that it was verified. */
function settleProof(consumed: Fragment, sessionId: string, metadata: RequestMetadata): Fragment {
  const source = sql`(SELECT o.user_id, ${sessionId}::uuid AS session_id FROM ${firstVerifiedBy(consumed)} o)`;
  return sql`
    WITH dropped AS (${dropPendingRegistrations(consumed)})
    ${recordEvents(source, emailVerified, metadata)}`;
}
