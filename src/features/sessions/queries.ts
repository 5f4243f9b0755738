import type { Database } from '../../db/client.ts';
import { type Fragment, identifier, join, sql } from '../../db/sql.ts';
import { type Credentials, closeWaysIn } from '../../joints/closing.ts';
import { queueNotice } from '../../mail/outbox/fragments.ts';
import type { RequestMetadata } from '../../request-metadata.ts';
import { type EventKind, recordEvents } from '../security-events/index.ts';
import { owners } from '../users/index.ts';
import { endSessions } from './closing/fragments.ts';
import type { RefreshTokenContent, Transport } from './refresh-token.ts';

export interface RefreshSettings {
  readonly idleTtlSeconds: number;
  readonly refreshGraceSeconds: number;
  /** Whether a retry after a lost response still falls into the grace. */
  readonly isIdempotent: boolean;
}

/** The session of a refresh token: by the id that its MAC covers, or by the hash of a legacy token. */
export type SessionKey = Pick<RefreshTokenContent, 'sessionId'> | { readonly legacyToken: string };

export interface RefreshRow {
  /**
   * `rotate`: this call increased the counter; `retry`: the current token is issued again; `reuse`: the session was
   * ended; `unknown`: the counter was never issued.
   */
  readonly outcome: 'rotate' | 'retry' | 'reuse' | 'unknown';
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
 * Checks a presented counter and acts on the outcome, in one statement. Null when there is no such live session.
 *
 * The row is locked first, so that concurrent callers queue up and each sees the result of the one before. Then
 * exactly one part applies: `rotate` updates the row, `reuse` deletes it, the other outcomes write nothing. A
 * parallel caller finds the counter one ahead and fresh, and issues the same successor again (RFC 9700 section
 * 4.14.2).
 *
 * A legacy token is counter 0 of the transport by which it first arrives. Until then its session has no counter and
 * no idle timeout; afterwards the other transport stays closed. Whoever still comes by that one once the first
 * rotation is over holds a token that somebody else has used: it is a reuse, whichever of the two is the owner.
 *
 * A session holds no lock on its user here, so what a reuse closes skips what others have locked. Its notice is counted
 * without waiting for others: statements at the same moment do not see each other's. Each has ended a session by an
 * earlier token of it, so that there can be one mail too many for each further session that ends in the same instant,
 * and never two for one.
 */
export async function refreshSession(
  db: Database,
  presented: { readonly key: SessionKey; readonly transport: Transport; readonly counter: number },
  settings: RefreshSettings,
  credentials: readonly Credentials[],
  metadata: RequestMetadata,
): Promise<RefreshRow | null> {
  const isCookie = presented.transport === 'cookie';
  const own = isCookie ? cookieColumns : bodyColumns;
  const other = isCookie ? bodyColumns : cookieColumns;
  const isLegacy = 'legacyToken' in presented.key;
  const { idleTtlSeconds, refreshGraceSeconds, isIdempotent } = settings;
  const isFresh = ({ rotatedAt }: TransportColumns) => sql`(${refreshGraceSeconds}::int > 0
          AND coalesce(s.${rotatedAt} > now() - make_interval(secs => ${refreshGraceSeconds}::int), false))`;
  const closing = closeWaysIn(credentials, {
    ...{ occasion: 'token_reused', owner: sql`ended`, ownerOnce: sql`ended`, isSkippingLocked: true },
    ...{ actingSessionId: null, since: null, metadata },
  });
  const isSecond = sql`(SELECT r.user_id, r.session_id FROM rotated r WHERE r.is_second)`;
  // Only a counter of 0 can be the first rotation.
  const secondRecorded =
    presented.counter > 0
      ? sql``
      : sql`second_recorded AS (${recordEvents(isSecond, secondTransport, metadata)}),`;
  const statement = sql`
    WITH locked AS MATERIALIZED (
      SELECT s.id, s.user_id, s.amr, s.absolute_expires_at, s.authenticated_at, s.${own.rotatedAt} AS rotated_at,
        coalesce(s.${own.counter}, CASE WHEN ${isLegacy}::boolean AND s.${other.counter} IS NULL THEN 0 END) AS counter,
        ${isFresh(own)} AS is_fresh,
        ${isLegacy}::boolean AND s.${own.counter} IS NULL AND s.${other.counter} IS NOT NULL
          AND NOT (s.${other.counter} = 1 AND ${isFresh(other)}) AS is_used_elsewhere
      FROM sessions s
      WHERE ${isSession(presented.key)} AND s.expires_at > now()
        AND (s.${own.counter} IS NULL
          OR coalesce(s.${own.rotatedAt}, s.authenticated_at) > now() - make_interval(secs => ${idleTtlSeconds}::int))
        AND EXISTS (SELECT FROM users u WHERE u.id = s.user_id AND u.banned_at IS NULL)
      ORDER BY s.created_at DESC LIMIT 1
      FOR UPDATE OF s
    ), judged AS MATERIALIZED (
      SELECT l.*, CASE
        WHEN l.is_used_elsewhere THEN 'reuse'
        WHEN l.counter IS NULL OR ${presented.counter}::bigint > l.counter THEN 'unknown'
        WHEN ${presented.counter}::bigint = l.counter AND NOT l.is_fresh THEN 'rotate'
        WHEN ${presented.counter}::bigint = l.counter OR (l.is_fresh AND ${presented.counter}::bigint = l.counter - 1) THEN 'retry'
        ELSE 'reuse' END AS outcome
      FROM locked l
    ), rotated AS (
      UPDATE sessions s SET
        ${own.counter} = j.counter + 1, ${own.rotatedAt} = now(), last_active_at = now(),
        expires_at = least(s.absolute_expires_at, now() + make_interval(secs => ${idleTtlSeconds}::int)),
        ip_address = ${metadata.ipAddress}::inet,
        location = ${metadata.location && JSON.stringify(metadata.location)}::jsonb
      FROM judged j WHERE s.id = j.id AND j.outcome = 'rotate'
      RETURNING s.user_id, s.id AS session_id, s.${own.counter} = 1 AND s.${other.counter} > 0 AS is_second
    ), ended AS (
      DELETE FROM sessions s USING judged j WHERE s.id = j.id AND j.outcome = 'reuse'
      RETURNING s.user_id, s.id AS session_id
    ),
    ${secondRecorded}
    reuse_recorded AS (${recordEvents(sql`ended`, tokenReuse, metadata)}),
    told AS (${queueNotice(owners(sql`ended`), 'refresh_token_reused', 'recipient', metadata)})
    ${join(
      Object.values(closing).map((step, index) => sql`, ${identifier(`closed_${index}`)} AS (${step})`),
      '',
    )}
    SELECT j.outcome, j.id AS session_id, j.user_id, j.amr, j.counter + (j.outcome = 'rotate')::int AS counter,
      floor(extract(epoch FROM j.authenticated_at))::float8 AS auth_time,
      floor(extract(epoch FROM least(j.absolute_expires_at,
        CASE WHEN j.outcome = 'rotate' THEN now() ELSE j.rotated_at END + make_interval(secs => ${idleTtlSeconds}::int)
      ) - now()))::float8 AS expires_in
    FROM judged j`;
  const [row] = await db.query<RefreshRow>('refresh-session', statement, { isIdempotent });
  return row ?? null;
}

/** Both refresh tokens of a session are in use: its owner opened one alone, or a thief the other. */
const secondTransport: EventKind = {
  type: 'authn_token_created',
  outcome: 'success',
  reason: 'second_transport',
};
const tokenReuse: EventKind = { type: 'authn_token_reuse', outcome: 'failure' };

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
  await db.batch(
    'end-named-sessions',
    {
      endById: end(sql`(s.id = ANY (${ids}::uuid[])
        OR s.legacy_token_hash = ANY (ARRAY(SELECT sha256(convert_to(t, 'UTF8')) FROM unnest(${legacy}::text[]) t)))`),
      endByFormerId: end(
        sql`s.id = ANY (ARRAY(SELECT f.session_id FROM former_session_ids f WHERE f.id = ANY (${ids}::uuid[])))`,
      ),
    },
    { isIdempotent: true },
  );
}

/**
 * Deletes up to `limit` expired sessions in one statement. Rows that another run has locked are skipped, so that
 * parallel runs share the work instead of waiting. The address and place of a session have no retention of their own:
 * its owner recognises a device by them, and they are deleted with the session.
 *
 * The rows are named by an array: for a join PostgreSQL may read the whole table in every batch.
 * @returns how many were deleted
 */
export async function cleanupExpiredSessions(db: Database, limit: number): Promise<number> {
  const [row] = await db.query<{ deleted: number }>(
    'clean-up-sessions',
    sql`
      WITH due AS (
        SELECT s.id FROM sessions s WHERE s.expires_at <= now()
        ORDER BY s.expires_at LIMIT ${limit}::int FOR UPDATE SKIP LOCKED
      ), deleted AS (
        DELETE FROM sessions s WHERE s.id = ANY (ARRAY(SELECT d.id FROM due d)) RETURNING s.id
      )
      SELECT count(*)::int AS deleted FROM deleted`,
  );
  return row?.deleted ?? 0;
}

interface TransportColumns {
  readonly counter: Fragment;
  readonly rotatedAt: Fragment;
}

const cookieColumns: TransportColumns = { counter: sql`cookie_counter`, rotatedAt: sql`cookie_rotated_at` };
const bodyColumns: TransportColumns = { counter: sql`body_counter`, rotatedAt: sql`body_rotated_at` };

function isSession(key: SessionKey): Fragment {
  if ('sessionId' in key) return sql`s.id = ${key.sessionId}::uuid`;
  return sql`s.legacy_token_hash = sha256(convert_to(${key.legacyToken}::text, 'UTF8'))`;
}
