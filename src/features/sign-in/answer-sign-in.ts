import type { RequestContext } from '../../http/context.ts';
import { sendDeviceToken } from '../known-devices/index.ts';
import { answerTokens } from '../sessions/index.ts';
import type { SignIn } from './sign-in.ts';

/** Answers who signed in, with tokens and device token in each transport that was asked for. */
export function answerSignIn(
  c: RequestContext,
  status: 200 | 201,
  { user, tokens, deviceToken }: SignIn,
): Response {
  const response = answerTokens(c, status, tokens, { user });
  const { cookie, body } = tokens.refreshTokens;
  sendDeviceToken(response, deviceToken, { isCookie: cookie !== undefined, isBody: body !== undefined });
  return response;
}
