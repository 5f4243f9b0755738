import type { Deps } from '../../../deps.ts';
import { type OwnerProof, recordRefusal, withCurrentPassword } from '../../current-password/index.ts';
import { prepareLinkTo } from '../../one-time-tokens/index.ts';
import { type IssuedTokens, issueRenewedTokens, newRenewal } from '../../sessions/index.ts';
import { passwordErrors } from '../errors.ts';
import { refuseGuessablePassword, refuseWeakPassword } from '../new-password/refuse-weak-password.ts';
import { changePassword as change, type NewPassword } from './change-password.sql.ts';

const refusalType = 'authn_password_change_fail';

const pointer = '/newPassword';

/**
 * Changes the caller's password, or sets the first one of an account without a password. The caller's session gets a
 * new id, all others end; known devices stay known. The owner is notified by mail. Round trips: 2.
 *
 * A refused new password uses no attempt, since it is checked before anything is read; only the check against the
 * account's address has to wait until the account is known. A new password that equals the current one is compared
 * with the verified one, and so uses an attempt.
 * @throws AuthError password_too_common
 * @throws AuthError password_breached
 * @throws AuthError password_unchanged
 * @throws AuthError as `withCurrentPassword`
 */
export async function changePassword(
  deps: Deps,
  proof: OwnerProof,
  newPassword: string,
): Promise<IssuedTokens> {
  const { db, metadata, hasher, mail } = deps;
  const rules = await deps.loadRules();
  await refuseWeakPassword(deps, newPassword, { email: null, pointer });
  const renewal = newRenewal(
    deps,
    proof.caller,
    proof.password === undefined ? null : { amr: ['pwd'], isSecondFactor: false },
  );
  let made: NewPassword | null = null;
  const row = await withCurrentPassword(deps, proof, {
    judge: ({ email }) => refuseGuessablePassword(newPassword, { email, pointer }),
    run: async (verified, { email }) => {
      if (isSamePassword(proof.password, newPassword)) {
        await recordRefusal(db, proof.caller, { type: refusalType, reason: 'password_unchanged' }, metadata);
        throw passwordErrors.password_unchanged();
      }
      // Hashed once for all runs: by this hash a retry recognises that its own first run changed the password.
      made ??= {
        newHash: await hasher.hash(newPassword),
        notice: await prepareLinkTo(deps, email, 'password_changed'),
      };
      return change(db, verified, renewal, made, rules.credentials, metadata);
    },
    gateRules: rules,
    refusalType,
  });
  mail.sendSoon();
  return issueRenewedTokens(deps, row);
}

/** Compares the NFC forms, which are what is hashed (PWD-04). */
function isSamePassword(current: string | undefined, next: string): boolean {
  return current?.normalize('NFC') === next.normalize('NFC');
}
