import type { Deps } from '../../deps.ts';
import { commonErrors } from '../../errors.ts';
import {
  accessCookieName,
  carriesAuthCookie,
  clearAuthCookies,
  refreshCookieName,
} from '../../http/auth-cookies.ts';
import { readBearer } from '../../http/bearer.ts';
import type { RequestContext } from '../../http/context.ts';
import { expiredCookie, readCookie } from '../../http/cookies.ts';
import type { OriginTrust } from '../../http/guard.ts';
import { defineRoute } from '../../http/route.ts';
import { answerTokens } from './answer-tokens.ts';
import { sessionErrors } from './errors.ts';
import { logout, type PresentedTokens } from './logout.ts';
import { refresh } from './refresh.ts';
import { TokenRequest } from './schemas.ts';

const refreshRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/refresh',
    guard: 'token-holder',
    body: TokenRequest,
    isBodyOptional: true,
  },
  async (c, { deps, body, originTrust }) => {
    if (body.refreshToken !== undefined) {
      return answerTokens(c, 200, await refresh(deps, { token: body.refreshToken, transport: 'body' }));
    }
    requireTrustedCookies(c, deps, originTrust);
    const { ours, legacy } = readRefreshCookies(c, deps);
    const token = ours ?? legacy;
    if (token === null) throw sessionErrors.session_expired();
    const response = answerTokens(c, 200, await refresh(deps, { token, transport: 'cookie' }));
    const { legacyRefreshCookie } = deps.config.session;
    if (legacy !== null && legacyRefreshCookie !== null) {
      response.headers.append('Set-Cookie', expiredCookie(legacyRefreshCookie));
    }
    return response;
  },
);

const logoutRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/logout',
    guard: 'token-holder',
    body: TokenRequest,
    isBodyOptional: true,
  },
  async (c, { deps, body, originTrust }) => {
    const { legacyRefreshCookie } = deps.config.session;
    const { tokens, areCookiesIgnored } = presentedTokens(c, deps, body.refreshToken, originTrust);
    const hasNamedSession = await logout(deps, tokens);
    const response = c.json({ success: true, message: 'Signed out' });
    // A token that names nothing beside cookies that were not looked at: clearing these would leave their session alive
    // with nobody able to end it.
    const isSessionKept = areCookiesIgnored && !hasNamedSession;
    if (!isSessionKept) clearAuthCookies(response.headers, legacyRefreshCookie);
    return response;
  },
);

// The body's token decides alone, else the bearer's, else what the cookies hold.
function presentedTokens(
  c: RequestContext,
  deps: Deps,
  bodyToken: string | undefined,
  originTrust: OriginTrust,
): { tokens: PresentedTokens; areCookiesIgnored: boolean } {
  const { headers } = c.req.raw;
  const bearer = readBearer(headers);
  if (bodyToken !== undefined || bearer.kind !== 'none') {
    const refreshTokens = bodyToken === undefined ? [] : [bodyToken];
    const accessTokens = bodyToken === undefined && bearer.kind === 'token' ? [bearer.token] : [];
    const areCookiesIgnored = carriesAuthCookie(headers, deps.config.session.legacyRefreshCookie);
    return { tokens: { refreshTokens, accessTokens }, areCookiesIgnored };
  }
  requireTrustedCookies(c, deps, originTrust);
  const { ours, legacy } = readRefreshCookies(c, deps);
  const access = readCookie(headers.get('Cookie'), accessCookieName);
  const tokens = {
    refreshTokens: [ours, legacy].filter((token) => token !== null),
    accessTokens: access === null ? [] : [access],
  };
  return { tokens, areCookiesIgnored: false };
}

function readRefreshCookies(c: RequestContext, deps: Deps): { ours: string | null; legacy: string | null } {
  const header = c.req.header('Cookie') ?? null;
  const { legacyRefreshCookie } = deps.config.session;
  const legacy = legacyRefreshCookie === null ? null : readCookie(header, legacyRefreshCookie);
  return { ours: readCookie(header, refreshCookieName), legacy };
}

// Cookies come along whatever page sent the request; without Origin and Sec-Fetch-Site nobody vouches for it.
function requireTrustedCookies(c: RequestContext, deps: Deps, originTrust: OriginTrust): void {
  if (originTrust !== 'absent') return;
  if (carriesAuthCookie(c.req.raw.headers, deps.config.session.legacyRefreshCookie))
    throw commonErrors.csrf_rejected();
}

export const routes = [refreshRoute, logoutRoute];
