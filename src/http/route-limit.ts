import { type Budget, budgetFields } from '../rate-limit/budget-fields.ts';
import { rateLimited } from '../rate-limit/rate-limited.ts';
import type { RateLimitClass, RateLimiter } from '../rate-limit/rate-limiter.ts';
import { clientIp } from './client-ip.ts';
import type { RequestContext } from './context.ts';
import { isOfApi } from './security-headers.ts';

/**
 * Counts a request for the class of its route, before the credential and the body are read. It counts by the matched route
 * and not by the spelling of the path (T35); HEAD is handled like GET. Unknown paths, wrong methods and preflights match no
 * route: they reach neither the database nor a password hash, and are not counted.
 *
 * @returns what is left of the budget, for `setBudget`
 * @throws AuthError rate_limited
 */
export async function takeFromBudget(
  limiter: RateLimiter,
  routeClass: RateLimitClass,
  c: RequestContext,
  nowMs: number,
): Promise<Budget> {
  const verdict = await limiter.take({
    class: routeClass,
    ip: clientIp(c.req.raw),
    now: nowMs,
    waitUntil: (work) => c.executionCtx.waitUntil(work),
  });
  const budget = { ...verdict, name: routeClass };
  if (!verdict.isAllowed) throw rateLimited(budget);
  return budget;
}

/** Reports the budget to the client with every answer, failures included. Headers that the route has set itself stay. */
export function setBudget(headers: Headers, path: string, budget: Budget): void {
  if (headers.has('RateLimit') || headers.has('RateLimit-Policy')) return;
  // A cache would give one client's budget to everybody.
  if (!isOfApi(path) && headers.get('Cache-Control')?.includes('public')) return;
  for (const [name, value] of Object.entries(budgetFields(budget))) headers.set(name, value);
}
