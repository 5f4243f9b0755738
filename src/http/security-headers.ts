const notHtmlPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Whether a path is of the API, where caches never store anything. */
export function isOfApi(path: string): boolean {
  return path.startsWith('/api') && (path.length === 4 || path[4] === '/');
}

/**
 * Sets the security headers of an answer, whichever it is. Under `/api` caches never store anything, whatever the route
 * says; elsewhere a route's own `Cache-Control` and `Referrer-Policy` stay. Responses other than HTML get a policy that
 * makes them inert if a browser ever shows them; a page sets its own.
 */
export function setSecurityHeaders(headers: Headers, path: string): void {
  headers.set('X-Content-Type-Options', 'nosniff');
  // Two years. Browsers ignore it over http (RFC 6797 8.1), so it does no harm on localhost.
  headers.set('Strict-Transport-Security', 'max-age=63072000; includeSubDomains');
  // Browsers apply this only to no-cors requests (WHATWG Fetch 3.7): scripts, images. CORS requests are not affected.
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  if (isOfApi(path) || !headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store');
  if (!headers.has('Referrer-Policy')) headers.set('Referrer-Policy', 'no-referrer');
  if (!headers.get('Content-Type')?.startsWith('text/html'))
    headers.set('Content-Security-Policy', notHtmlPolicy);
}
