import type { Deps } from '../../deps.ts';
import { userErrors } from '../users/index.ts';
import { endSessionsOfUser } from './act-on-user.sql.ts';

/**
 * Ends all sessions of a user, on all devices (SES-17). The user may sign in again.
 * @returns how many there were
 * @throws AuthError user_not_found
 */
export async function signOutUser({ db, metadata, loadRules }: Deps, userId: string): Promise<number> {
  const { credentials } = await loadRules();
  const ended = await endSessionsOfUser(db, userId, credentials, metadata);
  if (ended === null) throw userErrors.user_not_found();
  return ended;
}
