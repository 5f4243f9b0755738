import type { Deps } from '../../../deps.ts';
import { type IssuedTokens, issueRenewedTokens } from '../../sessions/index.ts';
import { passwordErrors } from '../errors.ts';
import { refuseGuessablePassword, refuseWeakPassword } from '../new-password/refuse-weak-password.ts';
import { changePassword as change, recordRefusal } from './queries.ts';
import { type OwnerProof, withCurrentPassword } from './with-current-password.ts';

const pointer = '/newPassword';

/**
 * Changes the caller's password, or gives a first one to an account that has none. Their session gets a new id, all
 * others end; the devices that they signed in on stay known. The owner is told by mail. Round trips: 2.
 *
 * A new password that is refused costs no attempt, since it is judged before anything is read; only for one that is made
 * of the account's address the account has to be known first. One that equals the current password is compared with what
 * was verified, and so costs one.
 * @throws AuthError password_too_common
 * @throws AuthError password_breached
 * @throws AuthError password_unchanged
 * @throws AuthError as `withCurrentPassword` does
 */
export async function changePassword(
  deps: Deps,
  proof: OwnerProof,
  newPassword: string,
): Promise<IssuedTokens> {
  const { db, metadata, config, effects, hasher, mail } = deps;
  await refuseWeakPassword(deps, newPassword, { email: null, pointer });
  const renewal = {
    oldId: proof.caller.sessionId,
    newId: crypto.randomUUID(),
    provedBy: proof.password === undefined ? null : 'pwd',
    idleTtlSeconds: config.session.idleTtlSeconds,
  };
  let newHash: string | null = null;
  const row = await withCurrentPassword(deps, proof, {
    judge: ({ email }) => refuseGuessablePassword(newPassword, { email, pointer }),
    run: async (verified) => {
      if (isSamePassword(proof.password, newPassword)) {
        const refusal = { ...proof.caller, reason: 'password_unchanged' };
        await recordRefusal(db, refusal, metadata, effects.passwordChangeFailed);
        throw passwordErrors.password_unchanged();
      }
      // One for all runs, by which a repeat knows that it was its own first run that changed the password.
      newHash ??= await hasher.hash(newPassword);
      return change(db, verified, renewal, newHash, metadata, effects);
    },
    onRefused: effects.passwordChangeFailed,
  });
  mail.sendSoon();
  return issueRenewedTokens(deps, row);
}

/** By the form that is hashed: NFC (PWD-04). */
function isSamePassword(current: string | undefined, next: string): boolean {
  return current?.normalize('NFC') === next.normalize('NFC');
}
