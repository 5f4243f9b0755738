import { runCleanUps } from '../../clean-up/clean-up.ts';
import type { Deps } from '../../deps.ts';

/** Together with the last statement a call then takes less than 5 s (CRN-04). */
const runMs = 2400;

/**
 * Runs the clean-up of all kinds of rows now, as far as it fits into the time of a request; the next run does
 * the rest.
 * @returns how many sessions were deleted
 * @throws the failure of one kind of row, after all others are done, so that a cron job notices it
 */
export async function cleanupSessions({
  db,
  keyring,
  config,
  loadRules,
}: Pick<Deps, 'db' | 'keyring' | 'config' | 'loadRules'>): Promise<number> {
  const { cleanUps, credentials } = await loadRules();
  const results = await runCleanUps(cleanUps, { openView: () => db, keyring, credentials, config, runMs });
  const failed = results.find(({ failure }) => failure !== undefined);
  if (failed !== undefined) throw failed.failure;
  return results.find(({ rows }) => rows === 'sessions')?.count ?? 0;
}
