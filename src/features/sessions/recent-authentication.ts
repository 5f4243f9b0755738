import { commonErrors } from '../../errors.ts';
import { sessionErrors } from './errors.ts';

/**
 * Gives back the row of a sensitive statement, which has carried its work out only if the caller proved within the last
 * ten minutes who they are: `is_recent` is what `isRecentlyAuthenticated` said. Null is no live session.
 * @throws AuthError unauthenticated
 * @throws AuthError reauthentication_required
 */
export function requireRecentAuthentication<R extends { readonly is_recent: boolean }>(row: R | null): R {
  if (row === null) throw commonErrors.unauthenticated();
  if (!row.is_recent) throw sessionErrors.reauthentication_required();
  return row;
}
