import { deletesDue } from '../../db/delete-due.sql.ts';

/** Deletes expired pending registrations (CRN-05), but for those that a verification has locked. */
export const cleanupExpiredPendingRegistrations = deletesDue('clean-up-pending-registrations', {
  ...{ table: 'registration_attempts', at: 'expires_at' },
});
