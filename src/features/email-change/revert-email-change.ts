import type { Deps } from '../../deps.ts';
import { createOneTimeToken, oneTimeTokenErrors, readOneTimeToken } from '../one-time-tokens/index.ts';
import { findTokenOwner, revertChange } from './queries.ts';

/**
 * Gives the account back the address that the link was sent to, whatever address it has by now: who took it may have moved
 * it twice. Who did that may know the password and have sessions, so that the one is gone, the others end, no device is
 * known any more, and a mail to the restored address leads to a new password. The address that it had until then is told.
 * Links sent meanwhile are dead; those to restore a still earlier address live on. Round trips: 2, none for a forged token.
 * @throws AuthError token_invalid also where another account has the address, or the account is banned
 */
export async function revertEmailChange(deps: Deps, tokenText: string): Promise<void> {
  const { db, metadata, effects, mail, keyring } = deps;
  const presented = readOneTimeToken(keyring, ['revert_email'], tokenText);
  const owner = presented && (await findTokenOwner(db, presented));
  if (presented === null || owner === null) throw oneTimeTokenErrors.token_invalid();
  const resetToken = createOneTimeToken(keyring, 'reset_password');
  const revert = {
    ...{ presented, owner, resetToken },
    consumedBy: crypto.randomUUID(),
    mail: await mail.prepare('reset_password', resetToken, [owner.target_email]),
  };
  const isReverted = await revertChange(db, revert, metadata, effects);
  mail.sendSoon();
  if (!isReverted) throw oneTimeTokenErrors.token_invalid();
}
