import type { ExportPart } from '../../db/export-part.ts';
import { type Fragment, sql } from '../../db/sql.ts';
import { isoTime } from '../../db/texts.sql.ts';
import type { Device } from '../../request/device.ts';
import type { Location } from '../../request/request-metadata.ts';

/** The most live sessions of a user; a further sign-in ends the one that was idle for longest. */
const sessionsMax = 50;

/** The caller according to the access token. */
export interface CallerIds {
  readonly userId: string;
  readonly sessionId: string;
}

/**
 * FROM and WHERE for the session and the user of a caller, aliases `s` and `u`. No row means that the session has
 * ended or expired, or that its user is banned or deleted. Every authenticated statement starts from it, so that a
 * logout takes effect at once and costs no extra round trip.
 */
export function fromLiveSession({ userId, sessionId }: CallerIds): Fragment {
  return sql`FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = ${sessionId}::uuid AND s.user_id = ${userId}::uuid AND s.expires_at > now() AND u.banned_at IS NULL`;
}

/** Whether `s` is the session, which may have got another id since. */
export function isUnderAnyId(s: Fragment, sessionId: string): Fragment {
  return sql`(${s}.id = ${sessionId}::uuid
      OR ${s}.id = (SELECT f.session_id FROM former_session_ids f WHERE f.id = ${sessionId}::uuid))`;
}

/** The session of a caller while it is live, also under another id that it has got since: a SELECT. */
export function liveUnderAnyId({ userId, sessionId }: CallerIds): Fragment {
  return sql`SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.user_id = ${userId}::uuid AND ${isUnderAnyId(sql`s`, sessionId)} AND s.expires_at > now() AND u.banned_at IS NULL`;
}

/** The `user_id` of a caller whose session is live, for a feature that knows no sessions: a sub-select. */
export function liveCaller(caller: CallerIds): Fragment {
  return sql`SELECT s.user_id ${fromLiveSession(caller)}`;
}

/**
 * A statement that keeps the caller's session from ending, or getting another id, until the transaction ends, and selects
 * `columns` over `s` and `u`. Hold the user first. If the session ended while this waited, it has no row, and neither has
 * any later step that starts from `fromLiveSession`. A refresh waits until the transaction ends.
 */
export function keepSession<R>(caller: CallerIds, columns: Fragment): Fragment<R> {
  return sql`SELECT ${columns} ${fromLiveSession(caller)} FOR KEY SHARE OF s`;
}

/** Select list for a `SessionRow`; `s` is the alias of sessions. */
export function sessionColumns(s: Fragment): Fragment {
  return sql`${s}.id AS session_id, ${s}.created_at AS session_created_at, ${s}.last_active_at, ${s}.absolute_expires_at,
    ${s}.ip_address, ${s}.location, ${s}.device, ${s}.method`;
}

export interface NewSession {
  /** UUID created by the Worker before the first try, so that a retry of the statement finds its own row. */
  readonly id: string;
  /** Whether a refresh token is issued for each transport. */
  readonly hasCookieToken: boolean;
  readonly hasBodyToken: boolean;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly device: Device | null;
  readonly location: Location | null;
  /** The device whose attempts count for this session: UUID of the device token. */
  readonly deviceId: string;
  /** Seconds. */
  readonly ttlSeconds: number;
  readonly idleTtlSeconds: number;
}

/**
 * Body of a CTE that makes room for the session `newSessionId` of the one user in `owner` (a CTE with `user_id`): of
 * the user's live sessions all but the 49 most recently active ones end, so that there are 50 with the new one
 * (SES-11). Every statement that opens a session besides others includes it. It returns the columns that an `Effect`
 * needs.
 *
 * It never waits: a session that another statement has locked is in use or ending, and is skipped. Concurrent
 * sign-ins do not see each other's sessions, so there can be that many too many until the next one. Arrays instead of
 * joins make PostgreSQL use the indexes whatever its statistics are. It adds 0.3 ms to the statement of a login, most
 * of it planning (measured).
 */
export function evictOldest(owner: Fragment, newSessionId: string): Fragment {
  return sql`
    DELETE FROM sessions s WHERE s.id = ANY (ARRAY(
      SELECT d.id FROM sessions d WHERE d.id = ANY (ARRAY(
        SELECT x.id FROM sessions x
        WHERE x.user_id = (SELECT o.user_id FROM ${owner} o) AND x.expires_at > now() AND x.id <> ${newSessionId}::uuid
        ORDER BY x.last_active_at DESC, x.id OFFSET ${sessionsMax - 1}::int
      ))
      FOR UPDATE SKIP LOCKED
    ))
    RETURNING s.user_id, s.id AS session_id`;
}

/** A user's sessions, including expired ones that are still stored. */
export const exportedSessions: ExportPart = {
  name: 'sessions',
  value: (owner) => sql`ARRAY(
    SELECT json_build_object('id', s.id, 'createdAt', ${isoTime(sql`s.created_at`)},
        'lastActiveAt', ${isoTime(sql`s.last_active_at`)}, 'authenticatedAt', ${isoTime(sql`s.authenticated_at`)},
        'secondFactorAt', ${isoTime(sql`s.second_factor_at`)},
        'expiresAt', ${isoTime(sql`s.absolute_expires_at`)}, 'ipAddress', s.ip_address, 'location', s.location,
        'userAgent', s.user_agent, 'device', s.device, 'method', s.method)
    FROM sessions s WHERE s.user_id = ${owner}.user_id ORDER BY s.last_active_at DESC, s.id)`,
};

/**
 * Select list for the times of a `BegunRow`; `s` is the alias of sessions. `auth_time` is that of the second factor where
 * one was passed: a token that says so must not look fresh since the password was entered again (SES-19).
 */
export function sessionEnds(s: Fragment): Fragment {
  return sql`floor(extract(epoch FROM coalesce(${s}.second_factor_at, ${s}.authenticated_at)))::float8 AS auth_time,
    floor(extract(epoch FROM ${s}.expires_at - now()))::float8 AS expires_in`;
}
