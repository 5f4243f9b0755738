import { type Fragment, join, sql } from '../../db/sql.ts';
import {
  type Cells,
  type ClosingScope,
  type Credentials,
  type Ending,
  recoveryBegunBy,
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

type UserKind = 'password' | 'known_device' | 'unfinished';

/**
 * What stands on the row of the user: the password; the devices that are known, which raising the generation forgets; and the
 * closing number, which everything unfinished carries that is kept outside of the database (a held form, a visit to a
 * provider): raising it ends that.
 */
export const userCredentials: Credentials<UserKind> = {
  step: 'closeUser',
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
    unfinished: {
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
  close: closeUser,
};

/** Once alone: in a repeat it would take away what the owner has set since. A recovery that the occasion begins begins here. */
function closeUser({ ended }: Ending<UserKind>, { occasion, ownerOnce }: ClosingScope): Fragment {
  const cause = recoveryBegunBy(occasion);
  const hasCredential = ended.includes('password') || ended.includes('known_device');
  const changes = [
    ...(ended.includes('password') ? [sql`password_hash = NULL`] : []),
    ...(ended.includes('known_device') ? [sql`device_generation = closed.device_generation + 1`] : []),
    ...(ended.includes('unfinished') ? [sql`closing_number = closed.closing_number + 1`] : []),
    ...(cause === undefined ? [] : [beginRecovery(sql`closed`, cause)]),
    ...(hasCredential ? [sql`updated_at = now()`] : []),
  ];
  return sql`UPDATE users closed SET ${join(changes, ', ')} WHERE closed.id = (SELECT o.user_id FROM ${ownerOnce} o)`;
}
