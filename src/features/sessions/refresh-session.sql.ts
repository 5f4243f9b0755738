import type { Database } from '../../db/client.ts';
import { deletesDue } from '../../db/delete-due.sql.ts';
import { type Fragment, sql } from '../../db/sql.ts';
import type { RequestMetadata } from '../../request/request-metadata.ts';
import { type EventKind, recordEvents } from '../security-events/index.ts';
import { endSessions } from './close-sessions.sql.ts';
import {
  columnsOf,
  isSessionOf,
  judgedSession,
  type PresentedRefreshToken,
  type RefreshOutcome,
  type RefreshSettings,
  type SessionKey,
} from './judge-token.sql.ts';
import { type CallerIds, fromLiveSession } from './live-session.sql.ts';

export interface RefreshRow {
  /**
   * `rotate`: this call increased the counter; `retry`: the current token is issued again; `reuse`: the session is to be
   * ended; `unknown`: the counter was never issued.
   */
  readonly outcome: RefreshOutcome;
  readonly session_id: string;
  readonly user_id: string;
  readonly amr: string[];
  /** Seconds since the epoch. */
  readonly auth_time: number;
  /** The counter of the token to issue. */
  readonly counter: number;
  /** Seconds until that token expires if it is not used. */
  readonly expires_in: number;
}

/**
 * Checks a presented counter and rotates the token if it is the current one, in one statement. Null when there is no such
 * live session.
 *
 * The row is locked first, so that concurrent callers queue up and each sees the result of the one before. Only `rotate`
 * writes. A parallel caller finds the counter one ahead and fresh, and issues the same successor again (RFC 9700 section
 * 4.14.2). A reuse is for `endReused`: the owner has to be held before the session.
 */
export async function refreshSession(
  db: Database,
  presented: PresentedRefreshToken,
  settings: RefreshSettings,
  metadata: RequestMetadata,
): Promise<RefreshRow | null> {
  const { own, other } = columnsOf(presented.transport);
  const { idleTtlSeconds, isIdempotent } = settings;
  const { ipAddress, location } = metadata;
  const isSecond = sql`(SELECT r.user_id, r.session_id FROM rotated r WHERE r.is_second)`;
  // Only a counter of 0 can be the first rotation.
  const secondRecorded =
    presented.counter > 0
      ? sql``
      : sql`, second_recorded AS (${recordEvents(isSecond, secondTransport, metadata)})`;
  const statement = sql<RefreshRow>`
    WITH judged AS MATERIALIZED (${judgedSession(isSessionOf(presented.key), presented, settings)}
    ), rotated AS (
      UPDATE sessions s SET
        ${own.counter} = j.counter + 1, ${own.rotatedAt} = now(), last_active_at = now(),
        expires_at = least(s.absolute_expires_at, now() + make_interval(secs => ${idleTtlSeconds}::int)),
        ip_address = ${ipAddress}::inet,
        location = ${location && JSON.stringify(location)}::jsonb
      FROM judged j WHERE s.id = j.id AND j.outcome = 'rotate'
      RETURNING s.user_id, s.id AS session_id, s.${own.counter} = 1 AND s.${other.counter} > 0 AS is_second
    ) ${secondRecorded}
    SELECT j.outcome, j.id AS session_id, j.user_id, j.amr, j.counter + (j.outcome = 'rotate')::int AS counter,
      floor(extract(epoch FROM coalesce(j.second_factor_at, j.authenticated_at)))::float8 AS auth_time,
      floor(extract(epoch FROM least(j.absolute_expires_at,
        CASE WHEN j.outcome = 'rotate' THEN now() ELSE j.rotated_at END + make_interval(secs => ${idleTtlSeconds}::int)
      ) - now()))::float8 AS expires_in
    FROM judged j`;
  const [row] = await db.query('refresh-session', statement, { isIdempotent });
  return row ?? null;
}

/** Whether the session of a caller is live. Round trips: 1. */
export async function findLiveCaller(db: Database, caller: CallerIds): Promise<boolean> {
  const statement = sql`SELECT s.id ${fromLiveSession(caller)}`;
  return (await db.query('find-live-caller', statement, { isIdempotent: true })).length > 0;
}

/**
 * The caller of a refresh token that a refresh would accept now; null for any other. It waits for nobody and changes
 * nothing: a page is shown by it. Round trips: 1.
 */
export async function lookAtSession(
  db: Database,
  presented: PresentedRefreshToken,
  settings: Omit<RefreshSettings, 'isIdempotent'>,
): Promise<CallerIds | null> {
  const judged = judgedSession(isSessionOf(presented.key), presented, settings, { isLocked: false });
  const statement = sql<Pick<RefreshRow, 'user_id' | 'session_id'>>`
    SELECT j.user_id, j.id AS session_id FROM (${judged}) j WHERE j.outcome IN ('rotate', 'retry')`;
  const [row] = await db.query('look-at-session', statement, { isIdempotent: true });
  return row === undefined ? null : { userId: row.user_id, sessionId: row.session_id };
}

/** Both refresh tokens of a session are in use: its owner opened one alone, or a thief the other. */
const secondTransport: EventKind = {
  type: 'authn_token_created',
  outcome: 'success',
  reason: 'second_transport',
};

/**
 * Ends the sessions that the keys name by their current or a former id. Unknown keys are ignored, so a retry changes
 * nothing. Round trips: 1.
 *
 * A batch, since a renewal that has locked the session ends only while the first statement waits for it: the second
 * one then finds the session by its former id. Each statement locks sessions in the order of their ids, as
 * `endOwnSessions` does, so that these do not deadlock; the second one begins anew, which PostgreSQL may have to
 * resolve (40P01), and a retry follows. Both sides of the OR are arrays: with a sub-select there PostgreSQL uses neither
 * index and reads the whole table.
 */
export async function endNamedSessions(
  db: Database,
  keys: readonly SessionKey[],
  metadata: RequestMetadata,
): Promise<void> {
  const ids = keys.flatMap((key) => ('sessionId' in key ? [key.sessionId] : []));
  const legacy = keys.flatMap((key) => ('legacyToken' in key ? [key.legacyToken] : []));
  const end = (isNamed: Fragment) => endSessions(isNamed, { reason: 'logout' }, metadata);
  const steps = {
    endById: end(sql`(s.id = ANY (${ids}::uuid[])
      OR s.legacy_token_hash = ANY (ARRAY(SELECT sha256(convert_to(t, 'UTF8')) FROM unnest(${legacy}::text[]) t)))`),
    endByFormerId: end(
      sql`s.id = ANY (ARRAY(SELECT f.session_id FROM former_session_ids f WHERE f.id = ANY (${ids}::uuid[])))`,
    ),
  };
  await db.batch('end-named-sessions', steps, { isIdempotent: true });
}

/**
 * Deletes expired sessions. The address and place of a session have no retention of their own: its owner recognises a
 * device by them, and they are deleted with the session.
 */
export const cleanupExpiredSessions = deletesDue('clean-up-sessions', {
  table: 'sessions',
  at: 'expires_at',
});
