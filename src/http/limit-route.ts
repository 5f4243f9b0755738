import type { MiddlewareHandler } from 'hono';
import { budgetFields } from '../rate-limit/budget-fields.ts';
import { rateLimited } from '../rate-limit/rate-limited.ts';
import type { RateLimitClass } from '../rate-limit/rate-limiter.ts';
import { ConfigError } from '../variable-reader.ts';
import { clientIp } from './client-ip.ts';
import type { AppEnv } from './context.ts';

/**
 * Counts the requests of one route for its class, before the credential and the body are looked at, and tells the
 * client its budget with every answer, failures included. Fields that the route has set itself stay.
 *
 * Mounted at the route, so that it counts by what was routed and not by how the path was spelled (T35); HEAD
 * goes the way of GET. Unknown paths, wrong methods and preflights pass no route: they reach neither the database nor
 * a password hash, and are not counted. A service that is misconfigured answers nothing worth limiting.
 *
 * @throws AuthError rate_limited
 */
export function limitRoute(routeClass: RateLimitClass, now: () => number): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { runtime } = c.var;
    if (runtime instanceof ConfigError) return next();
    const verdict = await runtime.limiter.take({
      class: routeClass,
      ip: clientIp(c.req.raw),
      now: now(),
      waitUntil: (work) => c.executionCtx.waitUntil(work),
    });
    const budget = { ...verdict, name: routeClass };
    if (!verdict.isAllowed) throw rateLimited(budget);
    await next();
    const { headers } = c.res;
    if (headers.has('RateLimit') || headers.has('RateLimit-Policy')) return;
    // A cache would hand one client's budget to everybody.
    if (headers.get('Cache-Control')?.includes('public')) return;
    for (const [name, value] of Object.entries(budgetFields(budget))) headers.set(name, value);
  };
}
