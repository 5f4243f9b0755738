import { rerunAfterRetry } from '../../../db/rerun-after-retry.ts';
import type { Deps } from '../../../deps.ts';
import { presentedEmail } from '../../../presented-email.ts';
import { unknownSubject } from '../../../rate-limit/unknown-subject.ts';
import { deviceTokenFor, type PresentedDevice } from '../../known-devices/index.ts';
import { oneTimeTokenErrors, readOneTimeToken } from '../../one-time-tokens/index.ts';
import { refuseGuessablePassword, refuseWeakPassword } from '../new-password/refuse-weak-password.ts';
import { applyReset, findResetAccount } from './queries.ts';

const pointer = '/password';

export interface ResetInput {
  readonly token: string;
  readonly password: string;
  readonly device: PresentedDevice;
}

/**
 * Gives an account the password that whoever has the link chose, and signs nobody in. Every session ends, one of a
 * racing login or refresh included; every other link that leads into the account is void; a lock is lifted. The mailbox
 * is proved. A password that is refused leaves the link good. The owner is told by mail. Round trips: 2; 0 for a link
 * that is not ours.
 * @returns a token that makes the device the only one that is known to the account
 * @throws AuthError token_invalid alike for a link that is forged, expired or spent, and for an account that is gone,
 * banned or has another address
 * @throws AuthError password_too_common
 * @throws AuthError password_breached
 * @throws AuthError overloaded
 */
export async function resetPassword(deps: Deps, { token, password, device }: ResetInput): Promise<string> {
  const { db, metadata, keyring, hasher, mail, effects } = deps;
  const presented = readOneTimeToken(keyring, ['reset_password'], token);
  if (presented === null) throw oneTimeTokenErrors.token_invalid();
  hasher.requireRoom();
  await refuseWeakPassword(deps, password, { email: null, pointer });
  const account = await findResetAccount(db, presented);
  if (account === null) throw oneTimeTokenErrors.token_invalid();
  await refuseGuessablePassword(password, { email: account.email, pointer });

  const newHash = await hasher.hash(password);
  const subject = unknownSubject(keyring, signInAddress(account.email));
  const reset = { presented, consumedBy: crypto.randomUUID(), account, newHash, subject };
  const row = await rerunAfterRetry(db, () => applyReset(db, reset, metadata, effects));
  if (row === null) throw oneTimeTokenErrors.token_invalid();
  mail.sendSoon();
  return deviceTokenFor(keyring, device, { userId: account.user_id, generation: row.device_generation });
}

/** The address under which attempts count of somebody who signs in with this one. */
function signInAddress(email: string): string {
  return presentedEmail.safeParse(email).data?.address ?? email;
}
