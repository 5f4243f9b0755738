import { setAuthCookies } from '../../http/auth-cookies.ts';
import type { RequestContext } from '../../http/context.ts';
import type { IssuedTokens } from './issue-tokens.ts';

/**
 * Answers with tokens by their transport: a cookie token sets both cookies, a body token is in the body. The access
 * token is always in the body.
 */
export function answerTokens(
  c: RequestContext,
  status: 200 | 201,
  tokens: IssuedTokens,
  members: Readonly<Record<string, unknown>> = {},
): Response {
  const { accessToken, expiresIn, refreshTokens, refreshExpiresIn } = tokens;
  const response = c.json(
    {
      success: true,
      ...members,
      accessToken,
      ...(refreshTokens.body !== undefined && { refreshToken: refreshTokens.body }),
      tokenType: 'Bearer',
      expiresIn,
      refreshExpiresIn,
    },
    status,
  );
  if (refreshTokens.cookie !== undefined) {
    const refresh = { token: refreshTokens.cookie, expiresIn: refreshExpiresIn };
    setAuthCookies(response.headers, { token: accessToken, expiresIn }, refresh);
  }
  return response;
}
