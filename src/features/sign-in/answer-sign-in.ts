import { setAuthCookies, setChallengeCookie } from '../../http/auth-cookies.ts';
import type { RequestContext } from '../../http/context.ts';
import { sendDeviceToken } from '../known-devices/index.ts';
import { answerTokens } from '../sessions/index.ts';
import type { Challenge } from './challenge/challenge.ts';
import type { SignIn } from './sign-in.ts';

/**
 * Answers with the user, the tokens and the device token, by each requested transport; or, where a second factor must
 * follow, with a challenge, which opens nothing else (CKE-04).
 * @param members further members of the body of a sign-in
 */
export function answerSignIn(
  c: RequestContext,
  status: 200 | 201,
  signIn: SignIn | Challenge,
  members: Readonly<Record<string, unknown>> = {},
): Response {
  if (signIn.outcome === 'challenge') return answerChallenge(c, signIn);
  const { user, tokens, deviceToken } = signIn;
  const response = answerTokens(c, status, tokens, { user, ...members });
  const { cookie, body } = tokens.refreshTokens;
  sendDeviceToken(response, deviceToken, { isCookie: cookie !== undefined, isBody: body !== undefined });
  return response;
}

function answerChallenge(c: RequestContext, { token, cookieToken, methods, expiresIn }: Challenge): Response {
  const body = { success: true, twoFactorRequired: true, challengeToken: token, methods, expiresIn };
  const response = c.json(body, 200);
  if (cookieToken !== null) setChallengeCookie(response.headers, cookieToken, expiresIn);
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
