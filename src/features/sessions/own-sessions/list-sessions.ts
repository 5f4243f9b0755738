import type { Deps } from '../../../deps.ts';
import { commonErrors } from '../../../errors.ts';
import type { CallerIds } from '../live-session.sql.ts';
import { type Session, toSession } from '../session.ts';
import { findOwnSessions } from './own-sessions.sql.ts';

/**
 * Lists the caller's live sessions, most recently active first.
 * @throws AuthError unauthenticated when the calling session has ended since the access token was signed
 */
export async function listSessions(deps: Deps, caller: CallerIds): Promise<Session[]> {
  const rows = await findOwnSessions(deps.db, caller);
  // The own session of a live caller is always in the list.
  if (rows.length === 0) throw commonErrors.unauthenticated();
  return rows.map((row) => toSession(row, caller.sessionId));
}
