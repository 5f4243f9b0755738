import type { Database } from '../../../db/client.ts';
import { sql } from '../../../db/sql.ts';
import { deleteAttempts, deleteSubjectsOf } from '../../../rate-limit/attempts.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import {
  consumedByUs,
  consumedNow,
  consumeToken,
  holderOf,
  holdHolder,
  type PresentedOneTimeToken,
} from '../../one-time-tokens/index.ts';
import { recordEvents } from '../../security-events/index.ts';

/** The account that was unlocked. */
export interface UnlockedAccount {
  readonly user_id: string;
  readonly device_generation: number;
}

/**
 * Consumes the link and deletes the attempts at the account, of all devices: those of the subject of the locked bucket
 * and those under the id. Round trips: 1. Null when the link is consumed or expired, or the account banned, deleted or
 * at another address. A repeat after a lost response finds what the first run did.
 */
export async function unlock(
  db: Database,
  presented: PresentedOneTimeToken,
  consumedBy: string,
  metadata: RequestMetadata,
): Promise<UnlockedAccount | null> {
  const once = consumedNow(presented, consumedBy);
  const steps = {
    holdUser: holdHolder(presented),
    consume: consumeToken(sql`(${holderOf(presented)})`, presented, consumedBy),
    forgetAttempts: deleteSubjectsOf(once),
    forgetAttemptsById: deleteAttempts(once),
    record: recordEvents(
      sql`(SELECT c.user_id, NULL::uuid AS session_id FROM ${once} c)`,
      { type: 'user_updated', outcome: 'success', reason: 'unlocked' },
      metadata,
    ),
    answer: sql<UnlockedAccount>`
      SELECT u.id AS user_id, u.device_generation FROM ${consumedByUs(presented, consumedBy)} c
      JOIN users u ON u.id = c.user_id`,
  };
  const results = await db.batch('unlock-account', steps, { isIdempotent: true });
  const [row] = results.answer;
  return row ?? null;
}
