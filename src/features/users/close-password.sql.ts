import { type Fragment, join, sql } from '../../db/sql.ts';
import {
  type Cells,
  type ClosingScope,
  type Credentials,
  type Ending,
  recoveryCauses,
} from '../../joints/closing.ts';
import { beginRecovery } from './recovery/recovery.sql.ts';

const password: Cells = {
  password_reset: 'replaced',
  recovery_completed: 'replaced',
  not_me: 'ended',
  email_reverted: 'ended',
  taken_over: 'replaced',
  first_verified: 'kept',
  email_changed: 'kept',
  password_changed: 'replaced',
  signed_out_by_owner: 'kept',
  signed_out_by_operator: 'kept',
  token_reused: 'kept',
  two_factor_enabled: 'kept',
  two_factor_disabled: 'kept',
  two_factor_reset: 'kept',
  second_factor_guessed: 'ended',
  identity_unlinked: 'kept',
  banned: 'kept',
  account_deleted: 'ended',
};

/** The password, and the devices that are known: raising the generation forgets them all. */
export const userCredentials: Credentials<'password' | 'known_device'> = {
  step: 'endPassword',
  cells: {
    password,
    known_device: {
      ...password,
      password_reset: 'ended',
      recovery_completed: 'ended',
      taken_over: 'ended',
      password_changed: 'kept',
      second_factor_guessed: 'kept',
    },
  },
  close: closePassword,
};

/** Once alone: in a repeat it would take away what the owner has set since. What begins a recovery is noted with it. */
function closePassword(
  { ended }: Ending<'password' | 'known_device'>,
  { occasion, ownerOnce }: ClosingScope,
): Fragment {
  const cause = recoveryCauses.find((name) => name === occasion);
  const changes = [
    ...(ended.includes('password') ? [sql`password_hash = NULL`] : []),
    ...(ended.includes('known_device') ? [sql`device_generation = closed.device_generation + 1`] : []),
    ...(cause === undefined ? [] : [beginRecovery(sql`closed`, cause)]),
    sql`updated_at = now()`,
  ];
  return sql`UPDATE users closed SET ${join(changes, ', ')} WHERE closed.id = (SELECT o.user_id FROM ${ownerOnce} o)`;
}
