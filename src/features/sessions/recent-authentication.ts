import { commonErrors } from '../../errors.ts';
import type { Gate } from '../../joints/gate.ts';
import { sessionErrors } from './errors.ts';
import { isRecentlyAuthenticated } from './fragments.ts';

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

/**
 * The first gate of every sensitive route: an authentication within the last ten minutes, or the current password in the
 * request (SES-15).
 */
export const recentAuthentication: Gate = {
  name: 'recent_authentication',
  condition: isRecentlyAuthenticated,
  isMetByPassword: true,
  refuse: () => sessionErrors.reauthentication_required(),
};
