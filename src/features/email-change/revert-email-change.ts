import type { Deps } from '../../deps.ts';
import { createOneTimeToken, oneTimeTokenErrors, readOneTimeToken } from '../one-time-tokens/index.ts';
import { findTokenOwner, revertChange } from './queries.ts';

/**
 * Restores the address that the link was sent to, whatever address the account has now: an intruder may have changed
 * it twice, may know the password and may have sessions. Therefore the password is cleared, all sessions end, no
 * device is known any longer, and the restored address gets a reset link. The replaced address gets a notice. Links
 * sent since the change are revoked; revert links to a still earlier address stay valid. Round trips: 2; 0 for a
 * forged token.
 * @throws AuthError token_invalid also when another account has the address, or the account is banned
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
