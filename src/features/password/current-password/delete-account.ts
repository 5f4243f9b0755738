import type { Deps } from '../../../deps.ts';
import { deleteAccount as remove } from './queries.ts';
import { type OwnerProof, withCurrentPassword } from './with-current-password.ts';

/**
 * Deletes the caller's account: every session and all else that is held about them goes in one transaction, and every
 * token is dead at once. What stays are the records of security events, by an id that names nobody any more. The address
 * is free again. Round trips: 2.
 * @throws AuthError as `withCurrentPassword` does
 */
export async function deleteAccount(deps: Deps, proof: OwnerProof): Promise<void> {
  const { db, metadata, effects, mail } = deps;
  await withCurrentPassword(deps, proof, {
    run: async (verified) => ((await remove(db, verified, metadata, effects)) ? true : null),
    onRefused: effects.accountDeletionFailed,
  });
  mail.sendSoon();
}
