import type { Gate } from '../../joints/gate.ts';
import { sessionErrors } from './errors.ts';
import { isRecentlyAuthenticated } from './fragments.ts';

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
