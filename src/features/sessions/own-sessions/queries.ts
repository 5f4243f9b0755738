import type { Database } from '../../../db/client.ts';
import type { Effect } from '../../../db/effects.ts';
import { effectCtes } from '../../../db/fragments.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import type { RequestMetadata } from '../../../request-metadata.ts';
import { recordedBefore } from '../../security-events/index.ts';
import { lockUser } from '../../users/index.ts';
import { type CallerIds, fromLiveSession, sessionColumns } from '../fragments.ts';
import type { SessionRow } from '../session.ts';

/** Which of the caller's sessions to end: one by its id, all, or all but the calling one. */
export type OwnSessions = { readonly id: string | null } | 'all' | 'others';

/**
 * Returns the caller's live sessions including the calling one, most recently active first. Round trips: 1. Empty
 * when the calling one is no longer live.
 */
export function findOwnSessions(db: Database, caller: CallerIds): Promise<SessionRow[]> {
  return db.query<SessionRow>(
    'find-own-sessions',
    sql`
      WITH caller AS (SELECT s.user_id ${fromLiveSession(caller)})
      SELECT ${sessionColumns(sql`o`)} FROM caller c JOIN sessions o ON o.user_id = c.user_id
      WHERE o.expires_at > now()
      ORDER BY o.last_active_at DESC, o.id`,
    { isIdempotent: true },
  );
}

/**
 * Ends sessions of the caller, runs the effects of `onEnd`, and returns how many ended: none if the id belongs to
 * another user or to no session, or the session has expired. Null when the calling session is no longer live; nothing
 * ends then.
 *
 * A retry after a lost response may find its own session ended: the events that the first run recorded under the same
 * request id tell how many ended. A refresh that came first is waited for, and its new tokens end with the session; a
 * session that is opened in the meantime is not seen.
 */
export async function endOwnSessions(
  db: Database,
  caller: CallerIds,
  which: OwnSessions,
  metadata: RequestMetadata,
  onEnd: readonly Effect[],
): Promise<number | null> {
  // The user is locked first, as by a password change, and then the sessions: in the other order the two could
  // deadlock. A separate statement lets the next one see what sessions did while this waited. Sessions are locked in
  // the order of their ids, here and by a logout, which does not lock the user.
  const end = sql`
    WITH caller AS (SELECT s.user_id ${fromLiveSession(caller)}),
    held AS MATERIALIZED (
      SELECT s.id FROM sessions s
      WHERE s.user_id = ${caller.userId}::uuid AND s.expires_at > now() AND ${isAmong(which, caller)}
        AND EXISTS (SELECT FROM caller)
      ORDER BY s.id FOR UPDATE
    ),
    ended AS (
      DELETE FROM sessions s WHERE s.id = ANY (ARRAY(SELECT h.id FROM held h)) RETURNING s.user_id, s.id AS session_id
    )${effectCtes(onEnd, 'ended', metadata)},
    ended_before AS (${recordedBefore(caller.userId, metadata.operationId)})
    SELECT EXISTS (SELECT FROM caller) AS is_live,
      (SELECT count(*)::int FROM ended) + (SELECT count(*)::int FROM ended_before) AS ended`;
  const steps = { holdUser: lockUser(caller.userId), end };
  const { end: rows } = await db.batch('end-own-sessions', steps, { isIdempotent: true });
  const [row] = rows as { is_live: boolean; ended: number }[];
  if (row === undefined) throw new TypeError('a count must always have one row');
  return row.is_live || row.ended > 0 ? row.ended : null;
}

function isAmong(which: OwnSessions, caller: CallerIds): Fragment {
  if (which === 'all') return sql`true`;
  if (which === 'others') return sql`s.id <> ${caller.sessionId}::uuid`;
  return sql`s.id = ${which.id}::uuid`;
}
