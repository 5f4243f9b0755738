import { type AccessTokenClaims, verifyAccessToken } from '../crypto/jwt.ts';
import type { Deps } from '../deps.ts';
import { commonErrors } from '../errors.ts';
import { accessCookieName, carriesAuthCookie } from './auth-cookies.ts';
import { readBearer } from './bearer.ts';
import type { RequestContext } from './context.ts';
import { readCookie } from './cookies.ts';
import { judgeOrigin, type OriginVerdict } from './origin.ts';

/** What the request says about the page that sent it, once a foreign one is out of the question. */
export type OriginTrust = Exclude<OriginVerdict, 'foreign'>;

/**
 * Refuses a request that a page of a foreign origin sent.
 * @throws AuthError csrf_rejected
 */
export function refuseForeignOrigin(c: RequestContext, deps: Deps): OriginTrust {
  const verdict = judge(c, deps);
  if (verdict === 'foreign') throw commonErrors.csrf_rejected();
  return verdict;
}

/**
 * The caller behind an access token: the bearer's alone where an Authorization header is present, else the cookie's.
 * A cookie counts on an unsafe request only when its origin is named and trusted, since every page can make a browser
 * send it. Whether the session still lives is for the statement of the route to say, in the round trip it makes anyway.
 * @throws AuthError unauthenticated, csrf_rejected
 */
export async function authenticate(
  c: RequestContext,
  deps: Deps,
  isUnsafe: boolean,
): Promise<AccessTokenClaims> {
  const token = presentedAccessToken(c, deps, isUnsafe);
  const claims = token && (await verifyAccessToken(deps.keys, deps.config.accessToken, token, deps.now()));
  if (!claims) throw commonErrors.unauthenticated();
  return claims;
}

/**
 * The caller behind an access token, on a route that needs none: null where there is no good one. The bearer's alone
 * where an Authorization header is present; a cookie counts only when its origin is named and trusted. Whether the session
 * still lives is for the statement of the route to say.
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
  return token === null ? null : verifyAccessToken(deps.keys, deps.config.accessToken, token, deps.now());
}

/**
 * The access token that counts on this request, unverified; null for none.
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
