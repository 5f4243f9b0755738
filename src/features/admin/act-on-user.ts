import type { Deps } from '../../deps.ts';
import { userErrors } from '../users/index.ts';
import { endSessionsOfUser, liftBan } from './act-on-user.sql.ts';

/**
 * Bans a user: all their sessions end at once, and no sign-in opens another one, not even one that is in progress
 * (SES-16). Repeating it changes nothing and is recorded again.
 * @returns how many sessions were ended
 * @throws AuthError user_not_found
 */
export function banUser(deps: Deps, userId: string): Promise<number> {
  return endSessions(deps, userId, 'ban');
}

/**
 * Ends all sessions of a user, on all devices (SES-17). The user may sign in again.
 * @returns how many there were
 * @throws AuthError user_not_found
 */
export function signOutUser(deps: Deps, userId: string): Promise<number> {
  return endSessions(deps, userId, 'sign_out');
}

async function endSessions(
  { db, metadata, loadRules }: Deps,
  userId: string,
  action: 'ban' | 'sign_out',
): Promise<number> {
  const { credentials } = await loadRules();
  const ended = await endSessionsOfUser(db, userId, action, credentials, metadata);
  if (ended === null) throw userErrors.user_not_found();
  return ended;
}

/**
 * Lets a banned user sign in again. Ended sessions do not come back. Repeating it changes nothing and is recorded
 * again.
 * @throws AuthError user_not_found
 */
export async function unbanUser({ db, metadata }: Deps, userId: string): Promise<void> {
  if (!(await liftBan(db, userId, metadata))) throw userErrors.user_not_found();
}
