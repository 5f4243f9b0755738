import type { Deps } from '../../deps.ts';
import { commonErrors } from '../../errors.ts';
import type { CallerIds } from '../sessions/index.ts';
import { toUser, type User } from '../users/index.ts';
import { updateMe } from './me.sql.ts';

/**
 * Changes the caller's name or language; omitted members stay.
 * @throws AuthError unauthenticated when the session has ended since the access token was signed
 */
export async function updateProfile(
  deps: Deps,
  caller: CallerIds,
  changes: { readonly name?: string | undefined; readonly locale?: string | undefined },
): Promise<User> {
  const row = await updateMe(deps.db, caller, changes);
  if (row === null) throw commonErrors.unauthenticated();
  return toUser(row);
}
