import { type Fragment, sql } from '../../db/sql.ts';
import type { RefreshTokenContent, Transport } from './refresh-token.ts';

/** The session of a refresh token: by the id that its MAC covers, or by the hash of a legacy token. */
export type SessionKey = Pick<RefreshTokenContent, 'sessionId'> | { readonly legacyToken: string };

/** A refresh token that was not forged. */
export interface PresentedRefreshToken {
  readonly key: SessionKey;
  readonly transport: Transport;
  readonly counter: number;
}

export interface RefreshSettings {
  readonly idleTtlSeconds: number;
  readonly refreshGraceSeconds: number;
  /** Whether a retry after a lost response still falls into the grace. */
  readonly isIdempotent: boolean;
}

/** `unknown`: the counter was never issued. */
export type RefreshOutcome = 'rotate' | 'retry' | 'reuse' | 'unknown';

/**
 * Finds the live session of a presented token, locked unless it is only looked at, and judges the token: `outcome`,
 * with the columns of the session that `refreshSession` needs. Whoever waited for the row judges what the one before
 * has left. Counters only grow, so that a reuse stays one until the session ends.
 *
 * A legacy token is counter 0 of the transport by which it first arrives. Until then its session has no counter and no
 * idle timeout; afterwards the other transport stays closed. Whoever still comes by that one once the first rotation is
 * over holds a token that somebody else has used: it is a reuse, whichever of the two is the owner.
 *
 * @param isNamed a condition over the session `s`
 */
export function judgedSession(
  isNamed: Fragment,
  { key, transport, counter }: PresentedRefreshToken,
  { idleTtlSeconds, refreshGraceSeconds }: Omit<RefreshSettings, 'isIdempotent'>,
  { isLocked = true } = {},
): Fragment {
  const { own, other } = columnsOf(transport);
  const isLegacy = 'legacyToken' in key;
  const isFresh = ({ rotatedAt }: TransportColumns) => sql`(${refreshGraceSeconds}::int > 0
          AND coalesce(s.${rotatedAt} > now() - make_interval(secs => ${refreshGraceSeconds}::int), false))`;
  return sql`
      SELECT l.*, CASE
        WHEN l.is_used_elsewhere THEN 'reuse'
        WHEN l.counter IS NULL OR ${counter}::bigint > l.counter THEN 'unknown'
        WHEN ${counter}::bigint = l.counter AND NOT l.is_fresh THEN 'rotate'
        WHEN ${counter}::bigint = l.counter OR (l.is_fresh AND ${counter}::bigint = l.counter - 1) THEN 'retry'
        ELSE 'reuse' END AS outcome
      FROM (
        SELECT s.id, s.user_id, s.amr, s.absolute_expires_at, s.authenticated_at, s.second_factor_at,
          s.${own.rotatedAt} AS rotated_at,
          coalesce(s.${own.counter}, CASE WHEN ${isLegacy}::boolean AND s.${other.counter} IS NULL THEN 0 END) AS counter,
          ${isFresh(own)} AS is_fresh,
          ${isLegacy}::boolean AND s.${own.counter} IS NULL AND s.${other.counter} IS NOT NULL
            AND NOT (s.${other.counter} = 1 AND ${isFresh(other)}) AS is_used_elsewhere
        FROM sessions s
        WHERE ${isNamed} AND s.expires_at > now()
          AND (s.${own.counter} IS NULL
            OR coalesce(s.${own.rotatedAt}, s.authenticated_at) > now() - make_interval(secs => ${idleTtlSeconds}::int))
          AND EXISTS (SELECT FROM users u WHERE u.id = s.user_id AND u.banned_at IS NULL)
        ORDER BY s.created_at DESC LIMIT 1
        ${isLocked ? sql`FOR UPDATE OF s` : sql``}
      ) l`;
}

interface TransportColumns {
  readonly counter: Fragment;
  readonly rotatedAt: Fragment;
}

const cookieColumns: TransportColumns = { counter: sql`cookie_counter`, rotatedAt: sql`cookie_rotated_at` };
const bodyColumns: TransportColumns = { counter: sql`body_counter`, rotatedAt: sql`body_rotated_at` };

/** The columns of a session for the transport by which a token comes, and for the other one. */
export function columnsOf(transport: Transport): Readonly<Record<'own' | 'other', TransportColumns>> {
  return transport === 'cookie'
    ? { own: cookieColumns, other: bodyColumns }
    : { own: bodyColumns, other: cookieColumns };
}

/** Whether the session `s` is that of a token. */
export function isSessionOf(key: SessionKey): Fragment {
  if ('sessionId' in key) return sql`s.id = ${key.sessionId}::uuid`;
  return sql`s.legacy_token_hash = sha256(convert_to(${key.legacyToken}::text, 'UTF8'))`;
}
