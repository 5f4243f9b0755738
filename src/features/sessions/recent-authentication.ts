import { commonErrors } from '../../errors.ts';
import { sessionErrors } from './errors.ts';

/**
 * Returns the row of a sensitive statement, which did its work only if the caller authenticated within the last ten
 * minutes: `is_recent` is the result of `isRecentlyAuthenticated`. Null means that there is no live session.
 * @throws AuthError unauthenticated
 * @throws AuthError reauthentication_required
 */
export function requireRecentAuthentication<R extends { readonly is_recent: boolean }>(row: R | null): R {
  if (row === null) throw commonErrors.unauthenticated();
  if (!row.is_recent) throw sessionErrors.reauthentication_required();
  return row;
}
