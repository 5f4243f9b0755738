import type { Deps } from '../../deps.ts';
import { deleteExpiredSessions } from './queries.ts';

const batchSize = 1000;
const batchesMax = 20;

/**
 * Deletes sessions whose end has come, in batches of bounded size; what is left over waits for the next run. Repeating
 * it is harmless, and runs side by side share the work.
 * @returns how many were deleted
 */
export async function cleanupExpiredSessions(deps: Pick<Deps, 'db'>): Promise<number> {
  let total = 0;
  for (let batch = 0; batch < batchesMax; batch++) {
    const deleted = await deleteExpiredSessions(deps.db, batchSize);
    total += deleted;
    if (deleted < batchSize) break;
  }
  return total;
}
