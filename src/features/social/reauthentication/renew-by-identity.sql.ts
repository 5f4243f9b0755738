import type { Database } from '../../../db/client.ts';
import { sql } from '../../../db/sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import {
  holdSession,
  type RenewedSessionRow,
  recordReauthentication,
  renewedBefore,
  renewSession,
  type SessionRenewal,
} from '../../sessions/index.ts';
import { lockUser } from '../../users/index.ts';
import type { ConsumedOnce } from '../entry/entry.ts';
import { consume, isConsumedHere } from '../entry/entry-steps.sql.ts';
import { fromIdentity, type PresentedIdentity } from '../identities/identities.sql.ts';
import { fromVisitingSession } from '../link/link-to-caller.sql.ts';
import type { VisitingSession } from '../visit/visit.ts';

/** A caller who has authenticated again. */
export interface Returned {
  readonly caller: VisitingSession;
  readonly consumed: ConsumedOnce;
  readonly identity: PresentedIdentity;
  readonly renewal: SessionRenewal;
}

/**
 * Uses the state up, and gives the session its new id if the identity is of its account. Round trips: 1. Null when the state
 * was used before, the session has ended, something was closed since, or the identity is not the account's.
 */
export async function renewByIdentity(
  db: Database,
  { caller, consumed, identity, renewal }: Returned,
  metadata: RequestMetadata,
): Promise<RenewedSessionRow | null> {
  const owner = sql`(
    SELECT s.user_id ${fromVisitingSession(caller)} AND EXISTS (SELECT ${fromIdentity(identity)} AND i.user_id = s.user_id)
      AND ${isConsumedHere(consumed, metadata)})`;
  const { answer } = await db.batch(
    'renew-by-identity',
    {
      holdUser: lockUser(caller.userId),
      holdSession: holdSession(caller),
      consume: consume(consumed, metadata),
      renew: renewSession(owner, renewal),
      record: recordReauthentication(renewal, identity.providerId, metadata),
      answer: renewedBefore(caller.userId, renewal),
    },
    { isIdempotent: true },
  );
  return answer[0] ?? null;
}
