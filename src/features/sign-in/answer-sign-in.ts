import { setAuthCookies } from '../../http/auth-cookies.ts';
import type { RequestContext } from '../../http/context.ts';
import { sendDeviceToken } from '../known-devices/index.ts';
import { answerTokens } from '../sessions/index.ts';
import type { Challenge, SignIn } from './sign-in.ts';

/**
 * Answers with the user, the tokens and the device token, by each requested transport; or, where a second factor must
 * follow, with its methods and nothing that opens anything.
 */
export function answerSignIn(c: RequestContext, status: 200 | 201, signIn: SignIn | Challenge): Response {
  if (signIn.outcome === 'challenge')
    return c.json({ success: true, twoFactorRequired: true, methods: signIn.methods }, 200);
  const { user, tokens, deviceToken } = signIn;
  const response = answerTokens(c, status, tokens, { user });
  const { cookie, body } = tokens.refreshTokens;
  sendDeviceToken(response, deviceToken, { isCookie: cookie !== undefined, isBody: body !== undefined });
  return response;
}

/** Sets the tokens of a sign-in on a page as cookies of its response. */
export function setSignInCookies(response: Response, { tokens, deviceToken }: SignIn): void {
  const { accessToken, expiresIn, refreshTokens, refreshExpiresIn } = tokens;
  if (refreshTokens.cookie === undefined) return;
  const refresh = { token: refreshTokens.cookie, expiresIn: refreshExpiresIn };
  setAuthCookies(response.headers, { token: accessToken, expiresIn }, refresh);
  sendDeviceToken(response, deviceToken, { isCookie: true, isBody: false });
}
