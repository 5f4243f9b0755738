import { type Fragment, sql } from '../../../db/sql.ts';
import { type OpenedSessionRow, sessionEnds } from '../fragments.ts';

/** How a session goes on under another id. */
export interface SessionRenewal {
  readonly oldId: string;
  /** UUID made by the Worker before the first try, so that a repeat of the statement finds its own row. */
  readonly newId: string;
  /** How the caller has just proved who they are (RFC 8176: `pwd`), which is then the time of authentication; null: not now. */
  readonly provedBy: string | null;
  readonly idleTtlSeconds: number;
}

/** A session under its new id, with what its tokens need. */
export interface RenewedSessionRow extends OpenedSessionRow {
  readonly user_id: string;
  readonly amr: string[];
  /** Which transports it has open. */
  readonly has_cookie_token: boolean;
  readonly has_body_token: boolean;
}

/**
 * Body of a CTE that gives a live session of a user in `owner`, a CTE with `user_id`, its new id: a new level of trust
 * (SES-03). Its absolute end and its open transports stay. A repeat of the statement returns no row here: take it
 * from `renewedBefore`.
 *
 * The id is in every token, so that all of them die with it. A refresh that waits for the row finds no session of the
 * old id any more, and says session_expired; one that came first has rotated a counter that now starts anew. A token of
 * the legacy system has no id in it, and would be counter 0 again: its hash goes.
 */
export function renewSession(owner: Fragment, renewal: SessionRenewal): Fragment {
  const { oldId, newId, provedBy, idleTtlSeconds } = renewal;
  const authenticatedAt = provedBy === null ? sql`s.authenticated_at` : sql`now()`;
  const issuedAt = provedBy === null ? sql`now()` : sql`NULL::timestamptz`;
  const amr =
    provedBy === null
      ? sql`s.amr`
      : sql`CASE WHEN ${provedBy}::text = ANY (s.amr) THEN s.amr ELSE s.amr || ${provedBy}::text END`;
  return sql`
    UPDATE sessions s SET
      id = ${newId}::uuid, authenticated_at = ${authenticatedAt}, amr = ${amr}, last_active_at = now(),
      expires_at = least(s.absolute_expires_at, now() + make_interval(secs => ${idleTtlSeconds}::int)),
      -- Without a time of its own, a token dies by the time of authentication.
      cookie_counter = CASE WHEN s.cookie_counter IS NOT NULL THEN 0 END,
      cookie_rotated_at = CASE WHEN s.cookie_counter IS NOT NULL THEN ${issuedAt} END,
      body_counter = CASE WHEN s.body_counter IS NOT NULL THEN 0 END,
      body_rotated_at = CASE WHEN s.body_counter IS NOT NULL THEN ${issuedAt} END,
      legacy_token_hash = NULL
    FROM ${owner} o
    WHERE s.id = ${oldId}::uuid AND s.user_id = o.user_id AND s.expires_at > now()
    RETURNING ${renewedColumns(sql`s`)}`;
}

/**
 * Body of a CTE that remembers the former id of the session that the CTE `renewed` gave its new one, so that a logout
 * with a token from before still ends it.
 */
export function rememberFormerId(renewed: Fragment, { oldId }: SessionRenewal): Fragment {
  return sql`
    INSERT INTO former_session_ids (id, session_id) SELECT ${oldId}::uuid, r.session_id FROM ${renewed} r
    ON CONFLICT DO NOTHING RETURNING id`;
}

/** The session that an earlier run of the same statement renewed and whose answer was lost, with the same columns. */
export function renewedBefore(userId: string, { newId }: SessionRenewal): Fragment {
  return sql`SELECT ${renewedColumns(sql`s`)} FROM sessions s WHERE s.id = ${newId}::uuid AND s.user_id = ${userId}::uuid`;
}

/**
 * Body of a CTE that ends the sessions of the users in `owner`, a CTE with `user_id`, but for the one of this id; it
 * returns what `Effect` wants of a source.
 */
export function endOtherSessions(owner: Fragment, keptId: string): Fragment {
  return sql`
    DELETE FROM sessions s USING ${owner} o WHERE s.user_id = o.user_id AND s.id <> ${keptId}::uuid
    RETURNING s.user_id, s.id AS session_id`;
}

function renewedColumns(s: Fragment): Fragment {
  return sql`${s}.user_id, ${s}.id AS session_id, ${s}.amr, ${s}.cookie_counter IS NOT NULL AS has_cookie_token,
    ${s}.body_counter IS NOT NULL AS has_body_token, ${sessionEnds(s)}`;
}
