import { addressOf } from '../../../address/address-key.ts';
import { presentedEmail } from '../../../address/presented-email.ts';
import type { Deps } from '../../../deps.ts';
import { deviceTokenFor, type PresentedDevice } from '../../known-devices/index.ts';
import { oneTimeTokenErrors, prepareLinkTo, readOneTimeToken } from '../../one-time-tokens/index.ts';
import { refuseGuessablePassword, refuseWeakPassword } from '../new-password/refuse-weak-password.ts';
import { applyReset, findResetAccount } from './reset.sql.ts';

const pointer = '/password';

export interface ResetInput {
  readonly token: string;
  readonly password: string;
  readonly device: PresentedDevice;
}

/**
 * Sets a new password by a reset link, without signing in. Every session ends, including one that a racing login or
 * refresh opens; every other link that leads into the account is revoked; a locked account is unlocked. The address is
 * verified by it. A recovery is over, and nothing else ends one that the owner began (LNK-15). A refused password does
 * not consume the link. The owner is notified by mail. Round trips: 2; 0 for a forged link.
 * @returns a token that makes the device the only known one of the account
 * @throws AuthError token_invalid for a link that is forged, expired, consumed or of before the recovery, and for an
 * account that is deleted, banned or at another address, all alike
 * @throws AuthError password_too_common
 * @throws AuthError password_breached
 * @throws AuthError overloaded
 */
export async function resetPassword(deps: Deps, { token, password, device }: ResetInput): Promise<string> {
  const { db, metadata, keyring, hasher, mail } = deps;
  const rules = await deps.loadRules();
  const presented = readOneTimeToken(keyring, ['reset_password'], token);
  if (presented === null) throw oneTimeTokenErrors.token_invalid();
  hasher.requireRoom();
  await refuseWeakPassword(deps, password, { email: null, pointer });
  const account = await findResetAccount(db, presented);
  if (account === null) throw oneTimeTokenErrors.token_invalid();
  await refuseGuessablePassword(password, { email: account.email, pointer });

  const newHash = await hasher.hash(password);
  const subject = addressOf(keyring, signInAddress(account.email)).keys[0];
  const notice = await prepareLinkTo(deps, account.email, 'password_changed');
  const reset = { presented, account, consumedBy: crypto.randomUUID(), newHash, subject, notice };
  const row = await applyReset(db, reset, rules.credentials, metadata);
  if (row === null) throw oneTimeTokenErrors.token_invalid();
  mail.sendSoon();
  return deviceTokenFor(keyring, device, { userId: account.user_id, generation: row.device_generation });
}

/** The address under which attempts are counted when somebody signs in with this one. */
function signInAddress(email: string): string {
  return presentedEmail.safeParse(email).data?.address ?? email;
}
