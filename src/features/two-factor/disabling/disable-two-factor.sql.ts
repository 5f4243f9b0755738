import type { Database } from '../../../db/client.ts';
import { sql } from '../../../db/sql.ts';
import { passesGates } from '../../../joints/ask-gates.sql.ts';
import { type Credentials, closeWaysIn } from '../../../joints/closing.ts';
import type { GateRules } from '../../../joints/gate.ts';
import { queueNotice } from '../../../mail/queue-mail.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { endedNow, recordEvents, recordedByUs, recordedNow } from '../../security-events/index.ts';
import { type CallerIds, fromLiveSession } from '../../sessions/index.ts';
import { lockUser, owners } from '../../users/index.ts';
import { acceptedNow, acceptProof, type CheckCounter, settleSecondFactor } from '../check/check.sql.ts';
import type { FoundProof, Unaccepted } from '../check/proof.ts';

/**
 * Accepts the caller's proof and turns two-factor off: authenticator, backup codes and trusted devices end. Round
 * trips: 1. `used` when the proof was used before, `gone` when the session ended since it was read, or a gate refuses by now,
 * such as that of a recovery which began meanwhile: then nothing is accepted. A repeat after a lost response finds the record
 * of the first run: what it accepted is gone.
 */
export async function disableTwoFactor(
  db: Database,
  {
    caller,
    proof,
    counter,
  }: { readonly caller: CallerIds; readonly proof: FoundProof; readonly counter: CheckCounter },
  { credentials, ...gateRules }: GateRules & { readonly credentials: readonly Credentials[] },
  metadata: RequestMetadata,
): Promise<'done' | Unaccepted> {
  const { userId } = caller;
  const accepted = acceptedNow(userId, proof, metadata);
  const recorded = recordedByUs(userId, metadata.operationId, 'user_updated');
  const owner = sql`(SELECT ${userId}::uuid AS user_id WHERE EXISTS (${recorded}))`;
  const once = recordedNow(userId, metadata.operationId);
  const admitted = sql`${fromLiveSession(caller)} AND ${passesGates(gateRules)}`;
  const steps = {
    holdUser: lockUser(userId),
    admit: sql`SELECT s.user_id ${admitted}`,
    accept: acceptProof(sql`(SELECT s.user_id ${admitted})`, proof, metadata),
    settle: settleSecondFactor(accepted, counter, proof),
    record: recordEvents(
      sql`(SELECT a.user_id, ${caller.sessionId}::uuid AS session_id FROM ${accepted} a)`,
      { type: 'user_updated', outcome: 'success', method: proof.kind, reason: 'two_factor_disabled' },
      metadata,
    ),
    ...closeWaysIn(credentials, {
      ...{ occasion: 'two_factor_disabled', owner, ownerOnce: once },
      ...{ actingSessionId: caller.sessionId, since: null, metadata },
    }),
    tellOwner: queueNotice(owners(once), 'two_factor_disabled', 'recipient', metadata, {
      ended: endedNow(metadata),
    }),
    answer: recorded,
  };
  const { answer, admit } = await db.batch('disable-two-factor', steps, { isIdempotent: true });
  if (answer.length > 0) return 'done';
  return admit.length > 0 ? 'used' : 'gone';
}
