import type { RequestDeps } from '../create-deps.ts';

/**
 * The value of `Server-Timing` (W3C Server Timing): `db;desc="<round trips>"`, so that every response shows its cost.
 * Durations and hashes only in development: a precise clock helps an attacker.
 */
export function serverTiming(deps: Pick<RequestDeps, 'db' | 'config' | 'hashed'> | undefined): string {
  if (deps === undefined) return 'db;desc="0"';
  const { db, config } = deps;
  if (!config.isDevelopment) return `db;desc="${db.roundTrips}"`;
  const { count, workedMs } = deps.hashed;
  const database = `db;desc="${db.roundTrips}";dur=${db.waitedMs.toFixed(1)}`;
  return `${database}, hash;desc="${count}";dur=${workedMs.toFixed(1)}`;
}
