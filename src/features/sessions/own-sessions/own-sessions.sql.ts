import type { Database } from '../../../db/client.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import { type Credentials, closeWaysIn } from '../../../joints/closing.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { recordedByUs } from '../../security-events/index.ts';
import { lockUser } from '../../users/index.ts';
import { endSessions } from '../close-sessions.sql.ts';
import { type CallerIds, fromLiveSession, sessionColumns } from '../live-session.sql.ts';
import type { SessionRow } from '../session.ts';

/** Which of the caller's sessions to end: one by its id, all, or all but the calling one. */
export type OwnSessions = { readonly id: string | null } | 'all' | 'others';

/**
 * Returns the caller's live sessions including the calling one, most recently active first. Round trips: 1. Empty
 * when the calling one is no longer live.
 */
export function findOwnSessions(db: Database, caller: CallerIds): Promise<SessionRow[]> {
  const statement = sql<SessionRow>`
    WITH caller AS (SELECT s.user_id ${fromLiveSession(caller)})
    SELECT ${sessionColumns(sql`o`)} FROM caller c JOIN sessions o ON o.user_id = c.user_id
    WHERE o.expires_at > now()
    ORDER BY o.last_active_at DESC, o.id`;
  return db.query('find-own-sessions', statement, { isIdempotent: true });
}

/**
 * Ends sessions of the caller, and with them what the closing table says of `signed_out_by_owner`, and returns how many
 * ended. A sign-out everywhere ends that whether or not another session is left: who has signed out may have left a trusted
 * device behind. An id that belongs to another user or to no session, or one that has expired, ends nothing. Null when the
 * calling session is no longer live; nothing ends then. Round trips: 1.
 *
 * A repeat after a lost response may find its own session ended: the events of the operation tell how many ended. A
 * refresh that came first is waited for, and its new tokens end with the session; a session that is opened in the
 * meantime is not seen.
 */
export async function endOwnSessions(
  db: Database,
  caller: CallerIds,
  which: OwnSessions,
  credentials: readonly Credentials[],
  metadata: RequestMetadata,
): Promise<number | null> {
  const recorded = recordedByUs(caller.userId, metadata.operationId, 'authn_token_revoked');
  const steps = {
    ...signOutSteps(caller, which, credentials, metadata),
    count: sql`SELECT count(*)::int AS ended FROM (${recorded}) r`,
  };
  const { findCaller, count } = await db.batch('end-own-sessions', steps, { isIdempotent: true });
  const [row] = count as { ended: number }[];
  if (row === undefined) throw new TypeError('a count must always have one row');
  return findCaller.length > 0 || row.ended > 0 ? row.ended : null;
}

/**
 * The steps of a batch that signs out sessions of the caller, and ends what the closing table says of it. `findCaller` has
 * no row, and nothing ends, where the calling session is no longer live.
 */
export function signOutSteps(
  caller: CallerIds,
  which: OwnSessions,
  credentials: readonly Credentials[],
  metadata: RequestMetadata,
) {
  const { userId } = caller;
  const isEnded = sql`s.user_id = ${userId}::uuid AND s.expires_at > now() AND ${isAmong(which, caller)}
    AND EXISTS (SELECT ${fromLiveSession(caller)})`;
  const reason = typeof which === 'string' ? 'sessions_revoked' : 'session_revoked';
  const recorded = recordedByUs(userId, metadata.operationId, 'authn_token_revoked');
  // A repeat finds what the first run ended by its events, and the caller where that ended no session.
  const isEverywhere = typeof which === 'string' ? sql`OR EXISTS (SELECT ${fromLiveSession(caller)})` : sql``;
  const owner = sql`(SELECT ${userId}::uuid AS user_id WHERE EXISTS (${recorded}) ${isEverywhere})`;
  return {
    // The user is locked first, as by a password change, and then the sessions: in the other order the two could
    // deadlock. A separate statement lets the next ones see what sessions did while this waited.
    holdUser: lockUser(userId),
    findCaller: sql`SELECT s.id AS session_id ${fromLiveSession(caller)}`,
    endChosen: endSessions(isEnded, { reason }, metadata),
    ...closeWaysIn(credentials, {
      ...{ occasion: 'signed_out_by_owner', owner, ownerOnce: owner },
      ...{ actingSessionId: caller.sessionId, since: null, metadata },
    }),
  };
}

function isAmong(which: OwnSessions, caller: CallerIds): Fragment {
  if (which === 'all') return sql`true`;
  if (which === 'others') return sql`s.id <> ${caller.sessionId}::uuid`;
  return sql`s.id = ${which.id}::uuid`;
}
