import type { Database } from '../../../db/client.ts';
import { sql } from '../../../db/sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import {
  consumedByUs,
  consumedNow,
  consumeToken,
  fromLiveToken,
  type PresentedOneTimeToken,
} from '../../one-time-tokens/index.ts';
import { recordEvents } from '../../security-events/index.ts';
import { cancelTwoFactorReset, isTwoFactorResetPending } from '../../users/index.ts';

/**
 * Consumes the link and cancels the reset that it is about. Round trips: 1. False when the link was consumed or has
 * expired, or no reset waits any longer. A repeat after a lost response finds what the first run did.
 *
 * The link counts at whatever address the account is: it was mailed to former ones as well.
 */
export async function cancelReset(
  db: Database,
  presented: PresentedOneTimeToken,
  metadata: RequestMetadata,
): Promise<boolean> {
  const { operationId } = metadata;
  const holder = sql`
    SELECT u.id AS user_id FROM users u JOIN (SELECT t.owner_id ${fromLiveToken(presented)}) l ON l.owner_id = u.id`;
  const once = consumedNow(presented, operationId);
  const steps = {
    holdUser: sql`${holder} FOR NO KEY UPDATE OF u`,
    consume: consumeToken(sql`(${holder} WHERE ${isTwoFactorResetPending(sql`u`)})`, presented, operationId),
    cancel: cancelTwoFactorReset(once),
    record: recordEvents(
      sql`(SELECT o.user_id, NULL::uuid AS session_id FROM ${once} o)`,
      { type: 'user_updated', outcome: 'success', reason: 'two_factor_kept' },
      metadata,
    ),
    answer: sql`SELECT d.user_id FROM ${consumedByUs(presented, operationId)} d`,
  };
  const { answer } = await db.batch('keep-two-factor', steps, { isIdempotent: true });
  return answer.length > 0;
}
