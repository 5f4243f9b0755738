import { runCleanUps } from '../../clean-up.ts';
import type { Deps } from '../../deps.ts';

/** With the statement that is under way then, a call takes less than 5 s (CRN-04). */
const runMs = 2400;

/**
 * Runs the nightly clean-up of all kinds of rows now; what does not fit into the time of a request is left for the next
 * run.
 * @returns how many sessions were deleted
 * @throws whatever a kind of rows failed with, once all the others are done: a caller by cron has to learn of it
 */
export async function cleanupSessions({ db, cleanUps }: Pick<Deps, 'db' | 'cleanUps'>): Promise<number> {
  const results = await runCleanUps(cleanUps, () => db, runMs);
  const failed = results.find(({ failure }) => failure !== undefined);
  if (failed !== undefined) throw failed.failure;
  return results.find(({ rows }) => rows === 'sessions')?.count ?? 0;
}
