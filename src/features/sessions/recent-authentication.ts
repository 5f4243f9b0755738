import type { Gate } from '../../joints/gate.ts';
import { sessionErrors } from './errors.ts';
import { isAuthenticatedRecently, recentMethods } from './recency.sql.ts';

/**
 * The first gate of every sensitive route: an authentication within the last ten minutes, at the account's highest factor
 * (SES-15, SES-19). Where the account asks for no second factor, the current password in the request is one.
 */
export const recentAuthentication: Gate = {
  name: 'recent_authentication',
  condition: isAuthenticatedRecently,
  methods: recentMethods,
  refuse: (methods, closingNumber) =>
    sessionErrors.reauthentication_required({ members: { methods }, closingNumber }),
};
