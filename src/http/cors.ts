import { routeMethods } from './route.ts';

const allowedMethods = routeMethods.join(', ');
const allowedHeaders = 'content-type, authorization, x-device-token';
const exposedHeaders = 'X-Request-Id, X-Device-Token, Retry-After, RateLimit, RateLimit-Policy';
const preflightAgeSecondsMax = 7200;

/** Whether a browser asks what a page of another origin may send (the CORS protocol, WHATWG Fetch 3.3). */
export function isPreflight(request: Request): boolean {
  if (request.method !== 'OPTIONS') return false;
  return request.headers.has('Origin') && request.headers.has('Access-Control-Request-Method');
}

/** The answer to a preflight: what is allowed stands in the headers. */
export function answerPreflight(): Response {
  return new Response(null, { status: 204 });
}

/**
 * Lets pages of a listed origin read an answer, with credentials. Origins are compared as whole strings; any other origin
 * gets no CORS header, and never `*`. Every answer has `Vary: Origin`.
 *
 * Not `hono/cors`, which sends `Access-Control-Allow-Credentials` to every origin and answers every OPTIONS request
 * itself, even without a preflight, so that a wrong method is never a 405.
 *
 * @param listed the origin of the request where it is listed; null for every other, and for a page, which nobody but the
 * person in front of it reads
 */
export function setCorsHeaders(headers: Headers, request: Request, listed: string | null): void {
  headers.append('Vary', 'Origin');
  if (listed === null) return;
  headers.set('Access-Control-Allow-Origin', listed);
  headers.set('Access-Control-Allow-Credentials', 'true');
  if (isPreflight(request)) {
    headers.set('Access-Control-Allow-Methods', allowedMethods);
    headers.set('Access-Control-Allow-Headers', allowedHeaders);
    headers.set('Access-Control-Max-Age', String(preflightAgeSecondsMax));
  } else {
    headers.set('Access-Control-Expose-Headers', exposedHeaders);
  }
}
