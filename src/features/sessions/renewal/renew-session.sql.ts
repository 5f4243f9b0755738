import { type Fragment, sql } from '../../../db/sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { recordEvents } from '../../security-events/index.ts';
import type { BegunRow } from '../begin-session.sql.ts';
import { type CallerIds, sessionEnds } from '../live-session.sql.ts';

/** How a session continues under a new id. */
export interface SessionRenewal {
  readonly oldId: string;
  /** UUID created by the Worker before the first try, so that a retry of the statement finds its own row. */
  readonly newId: string;
  /** How the caller has just authenticated, which sets the time of authentication; null: not now. */
  readonly proved: SessionProof | null;
  readonly idleTtlSeconds: number;
}

/** What a caller has just shown within a session. */
export interface SessionProof {
  /** For services (RFC 8176): `pwd`. */
  readonly amr: readonly string[];
  readonly isSecondFactor: boolean;
}

/** A session under its new id, with everything that its tokens need. */
export interface RenewedSessionRow extends BegunRow {
  readonly user_id: string;
  readonly amr: string[];
  /** Whether each transport is open. */
  readonly has_cookie_token: boolean;
  readonly has_body_token: boolean;
}

/** How many former ids a session keeps, for a logout with an older token. */
const formerIdsMax = 20;

/** A statement that holds the session of a caller until the transaction ends. Hold its user first. */
export function holdSession({ userId, sessionId }: CallerIds): Fragment {
  return sql`SELECT s.id FROM sessions s WHERE s.id = ${sessionId}::uuid AND s.user_id = ${userId}::uuid FOR UPDATE`;
}

/**
 * A statement that gives a live session of the user in `owner`, a sub-select with `user_id`, its new id, since the level
 * of trust changes (SES-03). Its absolute end and its open transports stay. The former id is kept, so that a logout with
 * an older token still ends the session; of more than the last twenty the oldest are forgotten (SES-20). Hold the
 * session first. A repeat changes nothing: use `renewedNow` for what must happen once, and `renewedBefore` for the
 * answer.
 *
 * The id is in every token, so all of them become invalid with it. A refresh that waits for the row no longer finds
 * the old id and answers session_expired; one that came first has rotated a counter that now starts again. A legacy
 * token contains no id and would be counter 0 again, so its hash is deleted.
 */
export function renewSession(owner: Fragment, renewal: SessionRenewal): Fragment {
  const { oldId, newId, proved, idleTtlSeconds } = renewal;
  const authenticatedAt = proved === null ? sql`s.authenticated_at` : sql`now()`;
  const secondFactorAt = proved?.isSecondFactor ? sql`now()` : sql`s.second_factor_at`;
  const missedAt = proved?.isSecondFactor ? sql`NULL` : sql`s.second_factor_missed_at`;
  const issuedAt = proved === null ? sql`now()` : sql`NULL::timestamptz`;
  const amr =
    proved === null
      ? sql`s.amr`
      : sql`s.amr || ARRAY(SELECT a FROM unnest(${proved.amr}::text[]) a WHERE a <> ALL (s.amr))`;
  return sql`
    WITH renewed AS (
      UPDATE sessions s SET
        id = ${newId}::uuid, authenticated_at = ${authenticatedAt}, second_factor_at = ${secondFactorAt},
        second_factor_missed_at = ${missedAt}, amr = ${amr}, last_active_at = now(),
        expires_at = least(s.absolute_expires_at, now() + make_interval(secs => ${idleTtlSeconds}::int)),
        -- Without a rotation time, a token expires by the time of authentication.
        cookie_counter = CASE WHEN s.cookie_counter IS NOT NULL THEN 0 END,
        cookie_rotated_at = CASE WHEN s.cookie_counter IS NOT NULL THEN ${issuedAt} END,
        body_counter = CASE WHEN s.body_counter IS NOT NULL THEN 0 END,
        body_rotated_at = CASE WHEN s.body_counter IS NOT NULL THEN ${issuedAt} END,
        legacy_token_hash = NULL
      FROM ${owner} o
      WHERE s.id = ${oldId}::uuid AND s.user_id = o.user_id AND s.expires_at > now()
      RETURNING s.id
    ),
    forgotten AS (
      -- The others follow to the new id by their foreign key, when the statement ends.
      DELETE FROM former_session_ids f WHERE EXISTS (SELECT FROM renewed) AND f.id = ANY (ARRAY(
        SELECT x.id FROM former_session_ids x WHERE x.session_id = ${oldId}::uuid
        ORDER BY x.created_at DESC, x.id OFFSET ${formerIdsMax - 1}::int))
    )
    INSERT INTO former_session_ids (id, session_id) SELECT ${oldId}::uuid, r.id FROM renewed r
    ON CONFLICT DO NOTHING`;
}

/**
 * The session that this very transaction renewed, for what must happen once: a sub-select with `user_id` and
 * `session_id`, its new id.
 */
export function renewedNow({ newId }: SessionRenewal): Fragment {
  return sql`(
    SELECT s.user_id, s.id AS session_id FROM sessions s WHERE s.id = ${newId}::uuid AND s.last_active_at = now())`;
}

/** A statement that records that the caller authenticated again in the session that this transaction renewed. */
export function recordReauthentication(
  renewal: SessionRenewal,
  method: string,
  metadata: RequestMetadata,
): Fragment {
  const kind = {
    type: 'authn_login_success',
    outcome: 'success',
    method,
    reason: 'reauthentication',
  } as const;
  return recordEvents(renewedNow(renewal), kind, metadata);
}

/** The session that this transaction, or an earlier run of it whose response was lost, renewed: a `RenewedSessionRow`. */
export function renewedBefore(userId: string, { newId }: SessionRenewal): Fragment<RenewedSessionRow> {
  return sql`SELECT ${renewedColumns(sql`s`)} FROM sessions s WHERE s.id = ${newId}::uuid AND s.user_id = ${userId}::uuid`;
}

function renewedColumns(s: Fragment): Fragment {
  return sql`${s}.user_id, ${s}.id AS session_id, ${s}.amr, ${s}.cookie_counter IS NOT NULL AS has_cookie_token,
    ${s}.body_counter IS NOT NULL AS has_body_token, ${sessionEnds(s)}`;
}
