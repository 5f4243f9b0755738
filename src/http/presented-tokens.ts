import type { Deps } from '../deps.ts';
import { commonErrors } from '../errors.ts';
import { accessCookieName, carriesAuthCookie, refreshCookieName } from './auth-cookies.ts';
import { readBearer } from './bearer.ts';
import type { RequestContext } from './context.ts';
import { readCookie } from './cookies.ts';
import type { OriginTrust } from './guard.ts';

/** Tokens of a request, as they were presented: nothing about them is verified. */
export interface PresentedTokens {
  readonly refreshTokens: readonly string[];
  readonly accessTokens: readonly string[];
}

/** The one refresh token that a request wants to exchange. */
export interface PresentedRefreshToken {
  readonly token: string;
  /** The way that it came, which is the transport that it has to be for. */
  readonly transport: 'cookie' | 'body';
  /** Whether the legacy application's cookie came along and was looked at. */
  readonly hasLegacyCookie: boolean;
}

/**
 * What a refresh is asked for with: the body's token alone where there is one, else our cookie, else the earlier
 * application's. Null for none of them.
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
 * What a logout names its session with: the body's token decides alone, else the bearer's, else what the cookies hold.
 * `areCookiesIgnored` says that there are cookies of ours that were not looked at.
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

/** What the cookies hold, whoever sent them along. */
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

/** What Next.js had encoded; other values, such as a JWT, as they are. */
function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

// Cookies come along whatever page sent the request; without Origin and Sec-Fetch-Site nobody vouches for it.
function requireTrustedCookies(c: RequestContext, deps: Deps, originTrust: OriginTrust): void {
  if (originTrust !== 'absent') return;
  if (carriesAuthCookie(c.req.raw.headers, deps.config.session.legacyRefreshCookie))
    throw commonErrors.csrf_rejected();
}
