import type { Deps } from '../../deps.ts';
import { userErrors } from '../users/index.ts';
import { liftBan } from './act-on-user.sql.ts';

/**
 * Lets a banned user sign in again. Ended sessions do not come back. Repeating it changes nothing and is recorded
 * again.
 * @throws AuthError user_not_found
 */
export async function unbanUser({ db, metadata }: Deps, userId: string): Promise<void> {
  if (!(await liftBan(db, userId, metadata))) throw userErrors.user_not_found();
}
