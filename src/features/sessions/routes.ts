import { clearAuthCookies } from '../../http/auth-cookies.ts';
import { expiredCookie } from '../../http/cookies.ts';
import { presentedRefreshToken, presentedTokens } from '../../http/presented-tokens.ts';
import { readQuery } from '../../http/query.ts';
import { defineRoute } from '../../http/route.ts';
import { answerSignedOut } from './answer-signed-out.ts';
import { answerTokens } from './answer-tokens.ts';
import { sessionErrors } from './errors.ts';
import { logout } from './logout.ts';
import { listSessions } from './own-sessions/list-sessions.ts';
import { revokeSession, revokeSessions } from './own-sessions/revoke-sessions.ts';
import { refresh } from './refresh.ts';
import { RevokeSessionsQuery, TokenRequest } from './schemas.ts';

const refreshRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/refresh',
    guard: 'token-holder',
    body: TokenRequest,
    isBodyOptional: true,
  },
  async (c, { deps, body, originTrust }) => {
    const presented = presentedRefreshToken(c, deps, body.refreshToken, originTrust);
    if (presented === null) throw sessionErrors.session_expired();
    const response = answerTokens(c, 200, await refresh(deps, presented));
    const { legacyRefreshCookie } = deps.config.session;
    if (presented.hasLegacyCookie && legacyRefreshCookie !== null) {
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
    const { tokens, areCookiesIgnored } = presentedTokens(c, deps, body.refreshToken, originTrust);
    const hasNamedSession = await logout(deps, tokens);
    // The token named no session, and the cookies were ignored: clearing them would leave their session alive, with
    // nobody able to end it.
    return answerSignedOut(c, deps, { areCookiesKept: areCookiesIgnored && !hasNamedSession });
  },
);

const listSessionsRoute = defineRoute(
  { method: 'GET', path: '/api/auth/sessions', guard: 'session' },
  async (c, { deps, caller }) => c.json({ success: true, sessions: await listSessions(deps, caller) }),
);

const revokeSessionRoute = defineRoute(
  { method: 'DELETE', path: '/api/auth/sessions/:id', guard: 'session' },
  async (c, { deps, caller }) => {
    const isOwnEnd = await revokeSession(deps, caller, c.req.param('id') ?? '');
    const response = c.json({ success: true });
    if (isOwnEnd) clearAuthCookies(response.headers, deps.config.session.legacyRefreshCookie);
    return response;
  },
);

const revokeSessionsRoute = defineRoute(
  { method: 'DELETE', path: '/api/auth/sessions', guard: 'session' },
  async (c, { deps, caller }) => {
    const { keep } = readQuery(c, RevokeSessionsQuery);
    const revokedCount = await revokeSessions(deps, caller, keep === 'current' ? 'others' : 'all');
    const response = c.json({ success: true, revokedCount });
    if (keep === undefined) clearAuthCookies(response.headers, deps.config.session.legacyRefreshCookie);
    return response;
  },
);

export const routes = [refreshRoute, logoutRoute, listSessionsRoute, revokeSessionRoute, revokeSessionsRoute];
