import type { Database } from '../../../db/client.ts';
import type { Effect } from '../../../db/effects.ts';
import { effectCtes } from '../../../db/fragments.ts';
import { sql } from '../../../db/sql.ts';
import { deleteAttempts, deleteSubjectsOf } from '../../../rate-limit/fragments.ts';
import type { RequestMetadata } from '../../../request-metadata.ts';
import {
  consumedBefore,
  consumeToken,
  fromLiveToken,
  type PresentedOneTimeToken,
} from '../../one-time-tokens/index.ts';

/** The account that was unlocked. */
export interface UnlockedAccount {
  readonly user_id: string;
  readonly device_generation: number;
}

/**
 * Consumes the link and deletes the attempts at the account, of all devices, with those in the locked bucket. Round
 * trips: 1. Null when the link is consumed or expired, or the account banned, deleted or at another address. A retry
 * after a lost response finds what the first run did; where the two ran at the same time it can be null as well, and
 * the next call finds it.
 */
export async function unlock(
  db: Database,
  presented: PresentedOneTimeToken,
  consumedBy: string,
  metadata: RequestMetadata,
  onUnlocked: readonly Effect[],
): Promise<UnlockedAccount | null> {
  const [row] = await db.query<UnlockedAccount>(
    'unlock-account',
    sql`
      WITH holder AS MATERIALIZED (
        SELECT u.id AS user_id, u.device_generation FROM users u
        JOIN (SELECT t.owner_id, t.email ${fromLiveToken(presented)}) l ON l.owner_id = u.id AND l.email = u.email
        WHERE u.banned_at IS NULL
        FOR NO KEY UPDATE OF u
      ),
      consumed AS (${consumeToken(sql`holder`, presented, consumedBy)}),
      unlocked AS (
        SELECT s.user_id, NULL::uuid AS session_id, s.bucket FROM consumed s
      )${effectCtes(onUnlocked, 'unlocked', metadata)},
      forgotten AS (${deleteAttempts(sql`unlocked`)}),
      forgotten_bucket AS (${deleteSubjectsOf(sql`unlocked`)})
      SELECT h.user_id, h.device_generation FROM holder h JOIN consumed s ON s.user_id = h.user_id
      UNION ALL
      SELECT u.id, u.device_generation FROM (${consumedBefore(presented, consumedBy)}) b JOIN users u ON u.id = b.user_id`,
    { isIdempotent: true },
  );
  return row ?? null;
}
