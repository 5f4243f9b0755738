import { expiredCookie } from '../../http/cookies.ts';
import { presentedRefreshToken, presentedTokens } from '../../http/presented-tokens.ts';
import { defineHotRoute } from '../../http/route.ts';
import { once } from '../../once.ts';
import { answerSignedOut } from './answer-signed-out.ts';
import { answerTokens } from './answer-tokens.ts';
import { sessionErrors } from './errors.ts';
import { logout } from './logout.ts';
import { refresh } from './refresh.ts';
import { isTokenRequest } from './token-request.ts';

const loadSchemas = once(() => import('./schemas.ts'));

async function tokenRequest() {
  return (await loadSchemas()).TokenRequest;
}

const refreshRoute = defineHotRoute(
  {
    method: 'POST',
    path: '/api/auth/refresh',
    guard: 'token-holder',
    body: tokenRequest,
    isUsualBody: isTokenRequest,
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

const logoutRoute = defineHotRoute(
  {
    method: 'POST',
    path: '/api/auth/logout',
    guard: 'token-holder',
    body: tokenRequest,
    isUsualBody: isTokenRequest,
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

export const hotRoutes = [refreshRoute, logoutRoute];
