import type { Deps } from '../../../deps.ts';
import { type OwnerProof, withCurrentPassword } from '../../current-password/index.ts';
import { deleteAccount as remove } from './delete-account.sql.ts';

/**
 * Deletes the caller's account: its sessions and all other stored data are deleted in one transaction, and every
 * token is invalid at once. Only security events stay, under an id that no longer belongs to anybody. The address is
 * free again. The owner is told by mail, at every address that could still have the account back. Round trips: 2.
 * @throws AuthError as `withCurrentPassword`
 */
export async function deleteAccount(deps: Deps, proof: OwnerProof): Promise<void> {
  const { db, metadata, mail } = deps;
  const rules = await deps.loadRules();
  await withCurrentPassword(deps, proof, {
    run: async (verified) => ((await remove(db, verified, rules.tables, metadata)) ? true : null),
    gateRules: rules,
    refusalType: 'authn_login_fail',
  });
  mail.sendSoon();
}
