/**
 * The sender of a request, according to the browser.
 *
 * - `own`: a page of our own origin.
 * - `listed`: a page of an origin that the operator allowed.
 * - `foreign`: any other page, or one that the browser hides.
 * - `absent`: no page at all (a typed URL, a bookmark), or a client that is not a browser.
 */
export type OriginVerdict = 'own' | 'listed' | 'foreign' | 'absent';

/**
 * Judges a request by `Origin` (RFC 6454 7), else by `Sec-Fetch-Site` (W3C Fetch Metadata 2.3). A page can forge
 * neither. Origins are compared as whole strings, so that no prefix, suffix, port or scheme slips through; `Host` and
 * forwarding headers are ignored. The caller decides what a verdict permits: `absent` proves nothing, and a request
 * with our cookies needs `own` or `listed`.
 *
 * @param trust.ownOrigin the origin of `BASE_URL`, as a browser writes it: lower case, no default port, no slash
 */
export function judgeOrigin(
  headers: Headers,
  trust: { ownOrigin: string; allowedOrigins: ReadonlySet<string> },
): OriginVerdict {
  const origin = headers.get('Origin');
  const site = headers.get('Sec-Fetch-Site');
  if (origin === null) return judgeSite(site);
  // Browsers hide the origin under some referrer policies and in sandboxes; only the second header tells these apart.
  if (origin === 'null') return site === 'same-origin' ? 'own' : 'foreign';
  if (origin === trust.ownOrigin) return 'own';
  return trust.allowedOrigins.has(origin) ? 'listed' : 'foreign';
}

/** Without `Origin` nothing tells which site `same-site` is, and a sub-domain is not trusted just for being one. */
function judgeSite(site: string | null): OriginVerdict {
  if (site === null || site === 'none') return 'absent';
  return site === 'same-origin' ? 'own' : 'foreign';
}
