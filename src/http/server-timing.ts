import type { MiddlewareHandler } from 'hono';
import type { Deps } from '../deps.ts';
import type { AppEnv } from './context.ts';

/**
 * Sends `Server-Timing: db;desc="<round trips>"` (W3C Server Timing), so that every response shows its cost.
 * Durations and hashes only in development: a precise clock helps an attacker.
 */
export const serverTiming: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  c.res.headers.set('Server-Timing', describe(c.var.deps));
};

function describe(deps: Deps | undefined): string {
  if (deps === undefined) return 'db;desc="0"';
  const { db, hasher, config } = deps;
  if (!config.isDevelopment) return `db;desc="${db.roundTrips}"`;
  const database = `db;desc="${db.roundTrips}";dur=${db.waitedMs.toFixed(1)}`;
  return `${database}, hash;desc="${hasher.count}";dur=${hasher.workedMs.toFixed(1)}`;
}
