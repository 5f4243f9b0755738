import type { Deps } from '../../deps.ts';
import { commonErrors } from '../../errors.ts';
import { type CallerIds, type Session, toSession } from '../sessions/index.ts';
import { toUser, type User } from '../users/index.ts';
import { findMe } from './me.sql.ts';

/**
 * Returns the caller's account and current session.
 * @throws AuthError unauthenticated when the session has ended since the access token was signed
 */
export async function getMe(deps: Deps, caller: CallerIds): Promise<{ user: User; session: Session }> {
  const row = await findMe(deps.db, caller);
  if (row === null) throw commonErrors.unauthenticated();
  return { user: toUser(row), session: toSession(row, caller.sessionId) };
}
