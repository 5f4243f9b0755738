import { sql } from '../../db/sql.ts';
import type { Credentials } from '../../joints/closing.ts';

/** Trusted devices end with everything that ends ways in: whoever comes back is asked for the second factor. */
export const trustedDeviceCredentials: Credentials<'trusted_device'> = {
  step: 'endTrust',
  cells: {
    trusted_device: {
      password_reset: 'ended',
      recovery_completed: 'ended',
      not_me: 'ended',
      email_reverted: 'ended',
      taken_over: 'ended',
      first_verified: 'ended',
      email_changed: 'kept',
      password_changed: 'ended',
      signed_out_by_owner: 'ended',
      signed_out_by_operator: 'ended',
      token_reused: 'ended',
      two_factor_enabled: 'ended',
      two_factor_disabled: 'ended',
      two_factor_reset: 'ended',
      second_factor_guessed: 'ended',
      identity_unlinked: 'kept',
      banned: 'ended',
      account_deleted: 'ended',
    },
  },
  close: (_ending, { owner }) =>
    sql`DELETE FROM trusted_devices d WHERE d.user_id = (SELECT o.user_id FROM ${owner} o)`,
};
