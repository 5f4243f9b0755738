import type { AccessTokenClaims } from '../access-tokens/access-token.ts';
import type { Deps } from '../deps.ts';
import { commonErrors } from '../errors.ts';
import { accessCookieName, carriesAuthCookie } from './auth-cookies.ts';
import { readBearer } from './bearer.ts';
import type { RequestContext } from './context.ts';
import { readCookie } from './cookies.ts';
import { judgeOrigin, type OriginVerdict } from './origin.ts';

/** The verdict about a request whose origin is not foreign. */
export type OriginTrust = Exclude<OriginVerdict, 'foreign'>;

/**
 * Refuses a request from a page of a foreign origin.
 * @throws AuthError csrf_rejected
 */
export function refuseForeignOrigin(c: RequestContext, deps: Deps): OriginTrust {
  const verdict = judge(c, deps);
  if (verdict === 'foreign') throw commonErrors.csrf_rejected();
  return verdict;
}

/**
 * Returns the caller by the access token: only the bearer token if there is an Authorization header, else the cookie.
 * On an unsafe request a cookie counts only if its origin is present and trusted, since every page can make a browser
 * send it. The statement of the route checks whether the session is still live, in the round trip that it makes
 * anyway.
 * @throws AuthError unauthenticated, csrf_rejected
 */
export async function authenticate(
  c: RequestContext,
  deps: Deps,
  isUnsafe: boolean,
): Promise<AccessTokenClaims> {
  const token = presentedAccessToken(c, deps, isUnsafe);
  const claims = token && (await deps.accessTokens.verify(token, deps.now()));
  if (!claims) throw commonErrors.unauthenticated();
  return claims;
}

/**
 * Returns the caller by the access token on a route that needs none: null without a valid one. Only the bearer token
 * counts if there is an Authorization header; a cookie counts only if its origin is present and trusted. The
 * statement of the route checks whether the session is still live.
 */
export async function findCaller(
  c: RequestContext,
  deps: Deps,
  originTrust: OriginTrust,
): Promise<AccessTokenClaims | null> {
  const { headers } = c.req.raw;
  const bearer = readBearer(headers);
  const isCookieTrusted = bearer.kind === 'none' && originTrust !== 'absent';
  const cookie = isCookieTrusted ? readCookie(headers.get('Cookie'), accessCookieName) : null;
  const token = bearer.kind === 'token' ? bearer.token : cookie;
  return token === null ? null : deps.accessTokens.verify(token, deps.now());
}

/**
 * Returns the unverified access token that counts on this request; null for none.
 * @throws AuthError csrf_rejected
 */
export function presentedAccessToken(c: RequestContext, deps: Deps, isUnsafe: boolean): string | null {
  const { headers } = c.req.raw;
  const bearer = readBearer(headers);
  if (bearer.kind !== 'none') return bearer.kind === 'token' ? bearer.token : null;
  if (isUnsafe && carriesAuthCookie(headers, deps.config.session.legacyRefreshCookie)) {
    const verdict = judge(c, deps);
    if (verdict === 'foreign' || verdict === 'absent') throw commonErrors.csrf_rejected();
  }
  return readCookie(headers.get('Cookie'), accessCookieName);
}

function judge(c: RequestContext, { config }: Deps): OriginVerdict {
  return judgeOrigin(c.req.raw.headers, { ownOrigin: config.baseUrl, allowedOrigins: config.allowedOrigins });
}
