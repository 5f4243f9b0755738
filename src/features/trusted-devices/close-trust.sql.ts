import { sql } from '../../db/sql.ts';
import type { Credentials } from '../../joints/closing.ts';
import { recordEnded } from '../security-events/index.ts';

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
  close: (_ending, { owner, metadata }) => sql`
    WITH ended AS (
      DELETE FROM trusted_devices d WHERE d.user_id = (SELECT o.user_id FROM ${owner} o)
      RETURNING d.user_id, d.expires_at, jsonb_build_object('device', d.device, 'location', d.location) AS about
    )
    ${recordEnded(sql`(SELECT n.user_id, n.about FROM ended n WHERE n.expires_at > now())`, 'trusted_device', metadata)}`,
};
