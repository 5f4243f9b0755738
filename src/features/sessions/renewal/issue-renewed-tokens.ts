import type { Deps } from '../../../deps.ts';
import { type IssuedTokens, issueTokens } from '../issue-tokens.ts';
import type { CallerIds } from '../live-session.sql.ts';
import type { RenewedSessionRow, SessionProof, SessionRenewal } from './renew-session.sql.ts';

/** Prepares that the session of a caller goes on under a new id. @param proved as in `SessionRenewal` */
export function newRenewal(
  { config }: Deps,
  { sessionId: oldId }: CallerIds,
  proved: SessionProof | null,
): SessionRenewal {
  const { idleTtlSeconds } = config.session;
  return { oldId, newId: crypto.randomUUID(), proved, idleTtlSeconds };
}

/** Issues the first tokens of a session under its new id, for each open transport. Needs no database. */
export function issueRenewedTokens(deps: Deps, row: RenewedSessionRow): Promise<IssuedTokens> {
  return issueTokens(deps, {
    userId: row.user_id,
    sessionId: row.session_id,
    authTime: row.auth_time,
    amr: row.amr,
    counters: { ...(row.has_cookie_token && { cookie: 0 }), ...(row.has_body_token && { body: 0 }) },
    refreshExpiresIn: row.expires_in,
  });
}
