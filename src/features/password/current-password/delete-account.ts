import type { Deps } from '../../../deps.ts';
import { deleteAccount as remove } from './queries.ts';
import { type OwnerProof, withCurrentPassword } from './with-current-password.ts';

/**
 * Deletes the caller's account: its sessions and all other stored data are deleted in one transaction, and every
 * token is invalid at once. Only security events stay, under an id that no longer belongs to anybody. The address is
 * free again. Round trips: 2.
 * @throws AuthError as `withCurrentPassword`
 */
export async function deleteAccount(deps: Deps, proof: OwnerProof): Promise<void> {
  const { db, metadata, features, effects, mail } = deps;
  await withCurrentPassword(deps, proof, {
    run: async (verified) => ((await remove(db, verified, metadata, features.tables, effects)) ? true : null),
    onRefused: effects.accountDeletionFailed,
  });
  mail.sendSoon();
}
