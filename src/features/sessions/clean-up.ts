import { sweepInBatches } from '../../db/sweep.ts';
import type { Deps } from '../../deps.ts';
import { deleteExpiredSessions } from './queries.ts';

/**
 * Deletes sessions whose end has come.
 * @returns how many were deleted
 */
export function cleanupExpiredSessions({ db }: Pick<Deps, 'db'>): Promise<number> {
  return sweepInBatches((limit) => deleteExpiredSessions(db, limit));
}
