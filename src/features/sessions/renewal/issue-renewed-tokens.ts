import type { Deps } from '../../../deps.ts';
import { type IssuedTokens, issueTokens } from '../issue-tokens.ts';
import type { RenewedSessionRow } from './renew-session.sql.ts';

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
