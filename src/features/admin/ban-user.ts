import type { Deps } from '../../deps.ts';
import { userErrors } from '../users/index.ts';
import { banUserAndEndSessions } from './act-on-user.sql.ts';

/**
 * Bans a user: all their sessions end at once, and no sign-in opens another one, not even one that is in progress
 * (SES-16). Repeating it changes nothing and is recorded again.
 * @returns how many sessions were ended
 * @throws AuthError user_not_found
 */
export async function banUser({ db, metadata, loadRules }: Deps, userId: string): Promise<number> {
  const { credentials } = await loadRules();
  const ended = await banUserAndEndSessions(db, userId, credentials, metadata);
  if (ended === null) throw userErrors.user_not_found();
  return ended;
}
