import type { Deps } from '../../../deps.ts';
import { commonErrors } from '../../../errors.ts';
import type { CallerIds } from '../../sessions/index.ts';
import { findFactors } from './find-factors.sql.ts';

/** A second factor, as its owner sees it. Times are ISO 8601, UTC. */
export interface ListedFactor {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly addedAt: string;
  readonly lastUsedAt: string | null;
}

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
  const factors = rows.flatMap(({ id, kind, name, added_at, last_used_at }) =>
    id === null
      ? []
      : [
          {
            ...{ id, kind, name, addedAt: added_at.toISOString() },
            lastUsedAt: last_used_at?.toISOString() ?? null,
          },
        ],
  );
  return { factors, backupCodesLeft: first.backup_codes_left };
}
