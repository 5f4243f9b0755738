import type { Deps } from '../../../deps.ts';
import { commonErrors } from '../../../errors.ts';
import type { CallerIds } from '../../sessions/index.ts';
import { type FactorRow, findFactors } from './find-factors.sql.ts';

/** A second factor, as its owner sees it. */
export type ListedFactor = Omit<FactorRow, 'id' | 'backup_codes_left'> & { readonly id: string };

/**
 * Lists the caller's second factors, and how many backup codes are left. Never a secret or a code.
 * @throws AuthError unauthenticated when the calling session has ended since the access token was signed
 */
export async function listFactors(
  deps: Deps,
  caller: CallerIds,
): Promise<{ factors: ListedFactor[]; backupCodesLeft: number }> {
  const rows = await findFactors(deps.db, caller);
  const [first] = rows;
  if (first === undefined) throw commonErrors.unauthenticated();
  const factors = rows.flatMap(({ id, backup_codes_left: _, ...factor }) =>
    id === null ? [] : [{ id, ...factor }],
  );
  return { factors, backupCodesLeft: first.backup_codes_left };
}
