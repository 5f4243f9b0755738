import type { MiddlewareHandler } from 'hono';
import { budgetFields } from '../rate-limit/budget-fields.ts';
import { rateLimited } from '../rate-limit/rate-limited.ts';
import type { RateLimitClass } from '../rate-limit/rate-limiter.ts';
import { ConfigError } from '../variable-reader.ts';
import { clientIp } from './client-ip.ts';
import type { AppEnv } from './context.ts';

/**
 * Counts the requests of one route for its class, before the credential and the body are read, and reports the budget
 * to the client with every answer, failures included. Headers that the route has set itself stay.
 *
 * It is mounted on the route, so that it counts by the matched route and not by the spelling of the path (T35); HEAD
 * is handled like GET. Unknown paths, wrong methods and preflights match no route: they reach neither the database
 * nor a password hash, and are not counted. A misconfigured service has nothing to limit.
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
    // A cache would give one client's budget to everybody.
    if (headers.get('Cache-Control')?.includes('public')) return;
    for (const [name, value] of Object.entries(budgetFields(budget))) headers.set(name, value);
  };
}
