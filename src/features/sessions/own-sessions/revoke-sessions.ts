import type { Deps } from '../../../deps.ts';
import { commonErrors } from '../../../errors.ts';
import { uuid } from '../../../text-schemas.ts';
import { sessionErrors } from '../errors.ts';
import type { CallerIds } from '../live-session.sql.ts';
import { endOwnSessions } from './own-sessions.sql.ts';

/**
 * Ends one of the caller's sessions, which may be the calling one. Another user's id, an unknown one and a malformed
 * one are not told apart, neither in the answer nor in the statement (ENU-10).
 * @returns whether the calling session ended
 * @throws AuthError unauthenticated, session_not_found
 */
export async function revokeSession(deps: Deps, caller: CallerIds, idText: string): Promise<boolean> {
  const id = uuid.safeParse(idText).data ?? null;
  const { credentials } = await deps.loadRules();
  const ended = await endOwnSessions(deps.db, caller, { id }, credentials, deps.metadata);
  if (ended === null) throw commonErrors.unauthenticated();
  if (ended === 0) throw sessionErrors.session_not_found();
  return id === caller.sessionId;
}

/**
 * Ends all of the caller's sessions, with or without the calling one. Each is recorded by an event of its own, all
 * with the same time: a list can group them, and the record says which sessions they were.
 * @returns how many ended
 * @throws AuthError unauthenticated
 */
export async function revokeSessions(
  deps: Deps,
  caller: CallerIds,
  which: 'all' | 'others',
): Promise<number> {
  const { credentials } = await deps.loadRules();
  const ended = await endOwnSessions(deps.db, caller, which, credentials, deps.metadata);
  if (ended === null) throw commonErrors.unauthenticated();
  return ended;
}
