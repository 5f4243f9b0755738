import type { Deps } from '../../../deps.ts';
import { passGates } from '../../../joints/gate.ts';
import { tooManyAttempts } from '../../../rate-limit/attempts.ts';
import type { CallerIds } from '../../sessions/index.ts';
import { exportOwnData } from './export-own-data.sql.ts';

/** The exports of an account, each of which can be megabytes (LIM-16). */
const exportsMax = 5;
const exportWindowSeconds = 3600;

/**
 * Returns all stored data about the caller, one member per registered part. Reading so much at once requires
 * authentication within the last ten minutes and is recorded (PRV-06, SES-15).
 * @throws AuthError unauthenticated
 * @throws AuthError reauthentication_required, or the refusal of another gate
 * @throws AuthError too_many_attempts after five in an hour
 */
export async function exportAccount(
  { db, metadata, loadRules }: Deps,
  caller: CallerIds,
): Promise<Readonly<Record<string, unknown>>> {
  const limits = { max: exportsMax, windowSeconds: exportWindowSeconds };
  const rules = await loadRules();
  const row = passGates(rules, await exportOwnData(db, caller, rules, limits, metadata));
  if (row.data === null) throw tooManyAttempts(limits, row.retry_after_seconds);
  return row.data;
}
