import type { Deps } from '../deps.ts';
import { commonErrors } from '../errors.ts';
import { accessCookieName, carriesAuthCookie, refreshCookieName } from './auth-cookies.ts';
import { readBearer } from './bearer.ts';
import type { RequestContext } from './context.ts';
import { readCookie } from './cookies.ts';
import type { OriginTrust } from './guard.ts';

/** The presented tokens of a request, none of them verified. */
export interface PresentedTokens {
  readonly refreshTokens: readonly string[];
  readonly accessTokens: readonly string[];
}

/** The refresh token that a request wants to exchange. */
export interface PresentedRefreshToken {
  readonly token: string;
  /** How it arrived, which must be its transport. */
  readonly transport: 'cookie' | 'body';
  /** Whether the legacy cookie was sent and read. */
  readonly hasLegacyCookie: boolean;
}

/**
 * Returns the token of a refresh: that of the body if there is one, else that of our cookie, else that of the legacy
 * cookie. Null for none of them.
 * @throws AuthError csrf_rejected
 */
export function presentedRefreshToken(
  c: RequestContext,
  deps: Deps,
  bodyToken: string | undefined,
  originTrust: OriginTrust,
): PresentedRefreshToken | null {
  if (bodyToken !== undefined) return { token: bodyToken, transport: 'body', hasLegacyCookie: false };
  requireTrustedCookies(c, deps, originTrust);
  const { ours, legacy } = readRefreshCookies(c, deps);
  const token = ours ?? legacy;
  return token === null ? null : { token, transport: 'cookie', hasLegacyCookie: legacy !== null };
}

/**
 * Returns the tokens of a logout: that of the body alone if there is one, else the bearer token, else those of the
 * cookies. `areCookiesIgnored` tells that there are cookies of ours that were not read.
 * @throws AuthError csrf_rejected
 */
export function presentedTokens(
  c: RequestContext,
  deps: Deps,
  bodyToken: string | undefined,
  originTrust: OriginTrust,
): { readonly tokens: PresentedTokens; readonly areCookiesIgnored: boolean } {
  const { headers } = c.req.raw;
  const bearer = readBearer(headers);
  if (bodyToken !== undefined || bearer.kind !== 'none') {
    const refreshTokens = bodyToken === undefined ? [] : [bodyToken];
    const accessTokens = bodyToken === undefined && bearer.kind === 'token' ? [bearer.token] : [];
    const areCookiesIgnored = carriesAuthCookie(headers, deps.config.session.legacyRefreshCookie);
    return { tokens: { refreshTokens, accessTokens }, areCookiesIgnored };
  }
  requireTrustedCookies(c, deps, originTrust);
  return { tokens: cookieTokens(c, deps), areCookiesIgnored: false };
}

/** Returns the tokens of the cookies, whichever page sent the request. */
export function cookieTokens(c: RequestContext, deps: Deps): PresentedTokens {
  const { ours, legacy } = readRefreshCookies(c, deps);
  const access = readCookie(c.req.raw.headers.get('Cookie'), accessCookieName);
  return {
    refreshTokens: [ours, legacy].filter((token) => token !== null),
    accessTokens: access === null ? [] : [access],
  };
}

function readRefreshCookies(c: RequestContext, deps: Deps): { ours: string | null; legacy: string | null } {
  const header = c.req.raw.headers.get('Cookie');
  const { legacyRefreshCookie } = deps.config.session;
  const legacy = legacyRefreshCookie === null ? null : readCookie(header, legacyRefreshCookie);
  return { ours: readCookie(header, refreshCookieName), legacy: legacy && percentDecoded(legacy) };
}

/** Decodes values that Next.js encoded; others, such as a JWT, stay as they are. */
function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

// Browsers send cookies whichever page makes the request; without Origin and Sec-Fetch-Site nothing vouches for it.
function requireTrustedCookies(c: RequestContext, deps: Deps, originTrust: OriginTrust): void {
  if (originTrust !== 'absent') return;
  if (carriesAuthCookie(c.req.raw.headers, deps.config.session.legacyRefreshCookie))
    throw commonErrors.csrf_rejected();
}
