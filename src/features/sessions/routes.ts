import { expiredCookie } from '../../http/cookies.ts';
import { presentedRefreshToken, presentedTokens } from '../../http/presented-tokens.ts';
import { defineRoute, defineRoutes, type Handler } from '../../http/route.ts';
import { loadOnce } from '../../load-once.ts';
import { answerSignedOut } from './answer-signed-out.ts';
import { answerTokens } from './answer-tokens.ts';
import { sessionErrors } from './errors.ts';
import { logout } from './logout.ts';
import { refresh } from './refresh.ts';
import type { TokenRequest } from './schemas.ts';

const loadSchemas = loadOnce(() => import('./schemas.ts'));

/** What most clients ask for all the time is evaluated at the start, but for the schema. */
type HotHandler = Handler<'token-holder', typeof TokenRequest>;

const refreshHandler: HotHandler = {
  body: async () => (await loadSchemas()).TokenRequest,
  async answer(c, { deps, body, originTrust }) {
    const presented = presentedRefreshToken(c, deps, body.refreshToken, originTrust);
    if (presented === null) throw sessionErrors.session_expired();
    const response = answerTokens(c, 200, await refresh(deps, presented));
    const { legacyRefreshCookie } = deps.config.session;
    if (presented.hasLegacyCookie && legacyRefreshCookie !== null) {
      response.headers.append('Set-Cookie', expiredCookie(legacyRefreshCookie));
    }
    return response;
  },
};

const logoutHandler: HotHandler = {
  body: async () => (await loadSchemas()).TokenRequest,
  async answer(c, { deps, body, originTrust }) {
    const { tokens, areCookiesIgnored } = presentedTokens(c, deps, body.refreshToken, originTrust);
    const hasNamedSession = await logout(deps, tokens);
    // The token named no session, and the cookies were ignored: clearing them would leave their session alive, with
    // nobody able to end it.
    return answerSignedOut(c, deps, { areCookiesKept: areCookiesIgnored && !hasNamedSession });
  },
};

const byToken = { method: 'POST', guard: 'token-holder', body: 'optional' } as const;
const refreshRoute = defineRoute({ ...byToken, path: '/api/auth/refresh' }, refreshHandler);
const logoutRoute = defineRoute({ ...byToken, path: '/api/auth/logout' }, logoutHandler);

const ownSessionsRoutes = defineRoutes(() => import('./handlers.ts'), {
  listSessions: { method: 'GET', path: '/api/auth/sessions', guard: 'session' },
  revokeSession: { method: 'DELETE', path: '/api/auth/sessions/:id', guard: 'session' },
  revokeSessions: { method: 'DELETE', path: '/api/auth/sessions', guard: 'session' },
});

export const routes = [refreshRoute, logoutRoute, ...ownSessionsRoutes];
