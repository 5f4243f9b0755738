import type { Deps } from '../../../deps.ts';
import { passGates } from '../../../joints/gate.ts';
import type { CallerIds } from '../../sessions/index.ts';
import { twoFactorErrors } from '../errors.ts';
import { createBackupCodes } from './backup-code.ts';
import { replaceBackupCodes } from './replace-backup-codes.sql.ts';

/**
 * Makes a new set of ten backup codes, which are answered once; the earlier ones work no more. The owner is told by mail.
 * Round trips: 1.
 * @throws AuthError unauthenticated, reauthentication_required or the refusal of another gate
 * @throws AuthError two_factor_not_enabled
 */
export async function renewBackupCodes(deps: Deps, caller: CallerIds): Promise<readonly string[]> {
  const { db, metadata, mail } = deps;
  const rules = await deps.loadRules();
  const { codes, hashes } = createBackupCodes();
  const row = passGates(rules, await replaceBackupCodes(db, caller, hashes, rules, metadata));
  if (!row.is_enabled) throw twoFactorErrors.two_factor_not_enabled();
  mail.sendSoon();
  return codes;
}
