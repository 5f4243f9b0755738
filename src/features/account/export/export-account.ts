import type { Deps } from '../../../deps.ts';
import { type CallerIds, requireRecentAuthentication } from '../../sessions/index.ts';
import { exportOwnData } from './queries.ts';

/**
 * Returns all stored data about the caller, one member per registered part. Reading so much at once requires
 * authentication within the last ten minutes and is recorded (PRV-06, SES-15).
 * @throws AuthError unauthenticated, reauthentication_required
 */
export async function exportAccount(
  deps: Deps,
  caller: CallerIds,
): Promise<Readonly<Record<string, unknown>>> {
  const { db, metadata, effects, features } = deps;
  const row = await exportOwnData(db, caller, features.exportParts, metadata, effects.accountExported);
  return requireRecentAuthentication(row).data ?? {};
}
