import type { Deps } from '../../../deps.ts';
import { commonErrors } from '../../../errors.ts';
import { uuid } from '../../../text-schemas.ts';
import { sessionErrors } from '../errors.ts';
import type { CallerIds } from '../fragments.ts';
import { endOwnSessions } from './queries.ts';

/**
 * Ends one of the caller's sessions, the calling one too. Another user's id, an unknown one and what is no id at all are
 * not told apart, in what is answered or in what is asked of the database (ENU-10).
 * @returns whether the calling session was ended
 * @throws AuthError unauthenticated, session_not_found
 */
export async function revokeSession(deps: Deps, caller: CallerIds, idText: string): Promise<boolean> {
  const id = uuid.safeParse(idText).data ?? null;
  const ended = await endOwnSessions(deps.db, caller, { id }, deps.metadata, deps.effects.sessionRevoked);
  if (ended === null) throw commonErrors.unauthenticated();
  if (ended === 0) throw sessionErrors.session_not_found();
  return id === caller.sessionId;
}

/**
 * Ends all of the caller's sessions, the calling one too or not. Each is recorded by an event of its own, all at the same
 * instant: a list can fold them, and the record says which ones they were.
 * @returns how many were ended
 * @throws AuthError unauthenticated
 */
export async function revokeSessions(
  deps: Deps,
  caller: CallerIds,
  which: 'all' | 'others',
): Promise<number> {
  const ended = await endOwnSessions(deps.db, caller, which, deps.metadata, deps.effects.sessionsRevoked);
  if (ended === null) throw commonErrors.unauthenticated();
  return ended;
}
