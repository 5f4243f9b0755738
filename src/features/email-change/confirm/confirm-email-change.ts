import { addressOf } from '../../../address/address-key.ts';
import type { Deps } from '../../../deps.ts';
import type { PresentedDevice } from '../../known-devices/index.ts';
import { withHolderPassword } from '../../link-holder/index.ts';
import { createOneTimeToken, oneTimeTokenErrors, readOneTimeToken } from '../../one-time-tokens/index.ts';
import type { CallerIds } from '../../sessions/index.ts';
import { toUser, type User, type UserRow, userErrors } from '../../users/index.ts';
import { confirmChange, findMover, type Mover } from './confirm-change.sql.ts';

export interface ConfirmEmailChangeInput {
  readonly token: string;
  readonly password: string | undefined;
  /** The caller by their access token; the session may have ended. */
  readonly caller: CallerIds | null;
  readonly device: PresentedDevice;
}

/**
 * Gives the account the address that the link was sent to, which the link verifies. The link alone proves the mailbox and
 * not the account: it takes a live session of the account that asked, or that account's password (LNK-11). The former
 * address gets a mail with a revert link. Sessions and known devices stay, since the owner made the change; nobody is
 * signed in. Links sent to the former address are revoked. Of several uses of one link, or several accounts changing to one
 * address, exactly one succeeds. Round trips: 2, plus two if the stored hash changed in between; 0 for a forged token.
 * @throws AuthError token_invalid before anything about the password; also when somebody else has taken the address, or
 * can still have it back, or the account is banned
 * @throws AuthError recovery_required while the account is being recovered (LNK-15)
 * @throws AuthError password_required also when it is wrong, which counts like a failed login
 * @throws AuthError too_many_attempts
 * @throws AuthError overloaded
 */
export async function confirmEmailChange(deps: Deps, input: ConfirmEmailChangeInput): Promise<User> {
  const { db, config, keyring } = deps;
  const { caller, device, password } = input;
  const presented = readOneTimeToken(keyring, ['change_email'], input.token);
  if (presented === null) throw oneTimeTokenErrors.token_invalid();
  const revertToken = createOneTimeToken(keyring, 'revert_email');
  const { credentials } = await deps.loadRules();
  const run = async (mover: Mover): Promise<UserRow | null> => {
    const change = {
      ...{ presented, mover, caller: mover.is_by_session ? caller : null, revertToken },
      address: addressOf(keyring, mover.target_email),
      mail: await deps.mail.prepare('email_changed', revertToken, [mover.email]),
    };
    const row = await confirmChange(db, change, deps.metadata, credentials);
    if (row === 'taken') throw oneTimeTokenErrors.token_invalid();
    return row;
  };
  const row = await withHolderPassword(deps, {
    password,
    find: async (isChecked) => {
      const mover = await findMover(db, presented, { caller, device, isChecked }, config.loginAttempts);
      if (mover?.is_in_recovery) throw userErrors.recovery_required();
      return mover;
    },
    run,
  });
  deps.mail.sendSoon();
  return toUser(row);
}
