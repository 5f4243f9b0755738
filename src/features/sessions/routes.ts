import { expiredCookie } from '../../http/cookies.ts';
import { presentedRefreshToken, presentedTokens } from '../../http/presented-tokens.ts';
import { defineRoute } from '../../http/route.ts';
import { answerSignedOut } from './answer-signed-out.ts';
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
    // A token that names nothing beside cookies that were not looked at: clearing these would leave their session alive
    // with nobody able to end it.
    return answerSignedOut(c, deps, { areCookiesKept: areCookiesIgnored && !hasNamedSession });
  },
);

export const routes = [refreshRoute, logoutRoute];
