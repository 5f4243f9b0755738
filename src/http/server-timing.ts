import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from './context.ts';

/**
 * Sends `Server-Timing: db;desc="<round trips>"` (W3C Server Timing), so that every answer shows what it cost.
 * Durations and hashes in development only: a precise clock helps an attacker.
 */
export const serverTiming: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  const { deps } = c.var;
  if (deps === undefined) return;
  const { db, hasher, config } = deps;
  const metrics = config.isDevelopment
    ? [
        `db;desc="${db.roundTrips}";dur=${db.waitedMs.toFixed(1)}`,
        `hash;desc="${hasher.count}";dur=${hasher.workedMs.toFixed(1)}`,
      ]
    : [`db;desc="${db.roundTrips}"`];
  c.res.headers.set('Server-Timing', metrics.join(', '));
};
