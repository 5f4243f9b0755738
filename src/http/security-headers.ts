import type { MiddlewareHandler } from 'hono';

const everywhere = {
  'X-Content-Type-Options': 'nosniff',
  // Two years. Browsers ignore it over http (RFC 6797 8.1), so it does no harm on localhost.
  'Strict-Transport-Security': 'max-age=63072000; includeSubDomains',
  // Browsers apply this only to no-cors requests (WHATWG Fetch 3.7): scripts, images. CORS requests are not affected.
  'Cross-Origin-Resource-Policy': 'same-origin',
};

const unlessSet = { 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store' };

const notHtmlPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/**
 * Sets the security headers on every response, including errors and unknown paths: mount it first. Under `/api`
 * caches never store anything, whatever the route says; elsewhere a route's own `Cache-Control` and `Referrer-Policy`
 * stay. Responses other than HTML get a policy that makes them inert if a browser ever shows them; a page sets its
 * own.
 */
export const securityHeaders: MiddlewareHandler = async (c, next) => {
  await next();
  const { headers } = c.res;
  for (const [name, value] of Object.entries(everywhere)) headers.set(name, value);
  for (const [name, value] of Object.entries(unlessSet)) if (!headers.has(name)) headers.set(name, value);
  if (/^\/api(?:\/|$)/.test(c.req.path)) headers.set('Cache-Control', 'no-store');
  if (!headers.get('Content-Type')?.startsWith('text/html')) {
    headers.set('Content-Security-Policy', notHtmlPolicy);
  }
};
