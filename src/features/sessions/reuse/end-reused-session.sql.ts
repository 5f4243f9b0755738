import type { Database } from '../../../db/client.ts';
import { sql } from '../../../db/sql.ts';
import { type Credentials, closeWaysIn } from '../../../joints/closing.ts';
import { holdRecipient, queueNotice } from '../../../mail/queue-mail.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import {
  type EventKind,
  endedNow,
  recordEvents,
  recordedByUs,
  recordedNow,
} from '../../security-events/index.ts';
import { lockUser, owners } from '../../users/index.ts';
import { judgedSession, type PresentedRefreshToken, type RefreshSettings } from '../judge-token.sql.ts';
import type { RefreshRow } from '../refresh-session.sql.ts';

/**
 * Ends the session of a token that `refreshSession` judged a reuse, and with it what the closing table says of
 * `token_reused`; records it and tells the owner. Round trips: 1. False when the session has ended meanwhile by somebody
 * else: then nothing happens, so that of parallel reuses one alone is recorded and told.
 *
 * The token is judged again, once its user is held. A repeat after a lost response finds by the event that its own first
 * run has ended the session, and tells nobody again.
 */
export async function endReusedSession(
  db: Database,
  presented: PresentedRefreshToken,
  { session_id: sessionId, user_id: userId }: Pick<RefreshRow, 'session_id' | 'user_id'>,
  settings: RefreshSettings,
  credentials: readonly Credentials[],
  metadata: RequestMetadata,
): Promise<boolean> {
  const isNamed = sql`s.id = ${sessionId}::uuid AND s.user_id = ${userId}::uuid`;
  const recorded = recordedByUs(userId, metadata.operationId, tokenReuse.type);
  const owner = sql`(SELECT ${userId}::uuid AS user_id WHERE EXISTS (${recorded}))`;
  const ownerOnce = recordedNow(userId, metadata.operationId);
  const steps = {
    holdUser: lockUser(userId),
    endSession: sql`
      WITH judged AS MATERIALIZED (${judgedSession(isNamed, presented, settings)}
      ), ended AS (
        DELETE FROM sessions s USING judged j WHERE s.id = j.id AND j.outcome = 'reuse'
        RETURNING s.user_id, s.id AS session_id
      )
      ${recordEvents(sql`ended`, tokenReuse, metadata)}`,
    ...closeWaysIn(credentials, {
      ...{ occasion: 'token_reused', owner, ownerOnce, actingSessionId: null, since: null, metadata },
    }),
    holdRecipient: holdRecipient(owners(ownerOnce)),
    tellOwner: queueNotice(owners(ownerOnce), 'refresh_token_reused', 'recipient', metadata, {
      ended: endedNow(metadata),
    }),
    answer: recorded,
  };
  const { answer } = await db.batch('end-reused-session', steps, { isIdempotent: true });
  return answer.length > 0;
}

const tokenReuse: EventKind = { type: 'authn_token_reuse', outcome: 'failure' };
