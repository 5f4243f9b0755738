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
import { logout } from './logout.ts';
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
    await logout(deps, presentedTokens(c, deps, body.refreshToken, originTrust));
    const response = c.json({ success: true, message: 'Signed out' });
    clearAuthCookies(response.headers, deps.config.session.legacyRefreshCookie);
    return response;
  },
);

// The body's token decides alone, else the bearer's, else what the cookies hold.
function presentedTokens(
  c: RequestContext,
  deps: Deps,
  bodyToken: string | undefined,
  originTrust: OriginTrust,
) {
  if (bodyToken !== undefined) return { refreshTokens: [bodyToken], accessTokens: [] };
  const bearer = readBearer(c.req.raw.headers);
  if (bearer.kind === 'token') return { refreshTokens: [], accessTokens: [bearer.token] };
  if (bearer.kind === 'unusable') return { refreshTokens: [], accessTokens: [] };
  requireTrustedCookies(c, deps, originTrust);
  const { ours, legacy } = readRefreshCookies(c, deps);
  const access = readCookie(c.req.header('Cookie') ?? null, accessCookieName);
  return {
    refreshTokens: [ours, legacy].filter((token) => token !== null),
    accessTokens: access === null ? [] : [access],
  };
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
