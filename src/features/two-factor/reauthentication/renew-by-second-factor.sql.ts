import type { Database } from '../../../db/client.ts';
import { sql } from '../../../db/sql.ts';
import { queueNotice } from '../../../mail/queue-mail.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import {
  type CallerIds,
  fromLiveSession,
  holdSession,
  type RenewedSessionRow,
  recordReauthentication,
  renewedBefore,
  renewedNow,
  renewSession,
  type SessionRenewal,
} from '../../sessions/index.ts';
import { lockUser, owners } from '../../users/index.ts';
import { acceptedNow, acceptProof, type CheckCounter, settleSecondFactor } from '../check/check.sql.ts';
import type { FoundProof, Unaccepted } from '../check/proof.ts';

/** A session that has passed the second factor again. */
export interface SecondFactorRenewal {
  readonly caller: CallerIds;
  readonly proof: FoundProof;
  readonly counter: CheckCounter;
  readonly renewal: SessionRenewal;
}

/**
 * Accepts the caller's proof and gives the session its new id. Round trips: 1. `used` when the proof was used before,
 * `gone` when the session ended since it was read. A repeat after a lost response finds what the first run made.
 */
export async function renewBySecondFactor(
  db: Database,
  { caller, proof, counter, renewal }: SecondFactorRenewal,
  metadata: RequestMetadata,
): Promise<RenewedSessionRow | Unaccepted> {
  const { userId } = caller;
  const once = renewedNow(renewal);
  const steps = {
    holdUser: lockUser(userId),
    holdSession: holdSession(caller),
    accept: acceptProof(sql`(SELECT s.user_id ${fromLiveSession(caller)})`, proof, metadata),
    renew: renewSession(acceptedNow(userId, proof, metadata), renewal),
    settle: settleSecondFactor(once, counter, proof),
    record: recordReauthentication(renewal, proof.kind, metadata),
    ...(proof.kind === 'backup_code' && {
      tellOwner: queueNotice(owners(once), 'backup_code_used', 'recipient', metadata),
    }),
    live: sql`SELECT s.id ${fromLiveSession(caller)}`,
    answer: renewedBefore(userId, renewal),
  };
  const { answer, live } = await db.batch('renew-by-second-factor', steps, { isIdempotent: true });
  return answer[0] ?? (live.length > 0 ? 'used' : 'gone');
}
