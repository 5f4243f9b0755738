import type { MiddlewareHandler } from 'hono';
import { isForPage } from './answer-page.ts';
import type { AppEnv, RequestContext } from './context.ts';

const allowedMethods = 'GET, POST, PATCH, DELETE';
const allowedHeaders = 'content-type, authorization, x-device-token';
const exposedHeaders = 'X-Request-Id, X-Device-Token, Retry-After, RateLimit, RateLimit-Policy';
const preflightAgeSecondsMax = 7200;

/**
 * Lets pages of listed origins read the responses, with credentials (the CORS protocol, WHATWG Fetch 3.3). Origins
 * are compared as whole strings; any other origin gets no CORS header, and never `*`. Every response has `Vary:
 * Origin`.
 *
 * Not `hono/cors`, which sends `Access-Control-Allow-Credentials` to every origin and answers every OPTIONS request
 * itself, even without a preflight, so that a wrong method is never a 405.
 *
 * @param allowedOrigins the list for this request; it must not contain `null`. Errors go to the error handler.
 */
export function cors(allowedOrigins: (c: RequestContext) => ReadonlySet<string>): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const origin = c.req.header('Origin');
    // Before the handler runs: an unreadable list must not turn a completed change into an error.
    const isListed = origin !== undefined && allowedOrigins(c).has(origin);
    const isPreflight =
      c.req.method === 'OPTIONS' &&
      origin !== undefined &&
      c.req.header('Access-Control-Request-Method') !== undefined;

    if (isPreflight) c.res = new Response(null, { status: 204 });
    else await next();

    const { headers } = c.res;
    headers.append('Vary', 'Origin');
    // A page is for the person in front of it, and no other page reads it.
    if (!isListed || isForPage(c)) return;
    headers.set('Access-Control-Allow-Origin', origin);
    headers.set('Access-Control-Allow-Credentials', 'true');
    if (isPreflight) {
      headers.set('Access-Control-Allow-Methods', allowedMethods);
      headers.set('Access-Control-Allow-Headers', allowedHeaders);
      headers.set('Access-Control-Max-Age', String(preflightAgeSecondsMax));
    } else {
      headers.set('Access-Control-Expose-Headers', exposedHeaders);
    }
  };
}
