import { commonErrors } from '../../../errors.ts';
import { challengeCookieName, clearChallengeCookie } from '../../../http/auth-cookies.ts';
import { readCookie } from '../../../http/cookies.ts';
import type { Handler } from '../../../http/route.ts';
import { readPresentedDevice } from '../../known-devices/index.ts';
import { answerSignIn, readChallenge } from '../../sign-in/index.ts';
import { readTrustedDevice, sendTrustedDevice } from '../../trusted-devices/index.ts';
import { proofOf } from '../check/proof.ts';
import { SecondStepRequest } from '../schemas.ts';
import { completeSignIn } from './complete-sign-in.ts';

export const secondStepHandler: Handler<'token-holder', typeof SecondStepRequest> = {
  body: SecondStepRequest,
  answer: async (c, { deps, body, originTrust }) => {
    const { challengeToken, transport, trustDevice = false } = body;
    const sent = readCookie(c.req.raw.headers.get('Cookie'), challengeCookieName);
    // As at a refresh: a browser sends the cookie whichever page makes the request.
    if (challengeToken === undefined && sent !== null && originTrust === 'absent')
      throw commonErrors.csrf_rejected();
    const cookie = originTrust === 'absent' ? null : sent;
    const { signIn, trustedDeviceToken } = await completeSignIn(deps, {
      challenge: readChallenge(deps.keyring, { body: challengeToken, cookie }),
      ...{ proof: proofOf(body), transport, isTrusted: trustDevice },
      device: readPresentedDevice(c, deps),
      trusted: readTrustedDevice(c, deps),
    });
    const { cookie: cookieToken, body: bodyToken } = signIn.tokens.refreshTokens;
    const isInBody = trustedDeviceToken !== null && bodyToken !== undefined;
    const response = answerSignIn(c, 200, signIn, { ...(isInBody && { trustedDeviceToken }) });
    if (sent !== null) clearChallengeCookie(response.headers);
    if (trustedDeviceToken !== null && cookieToken !== undefined)
      sendTrustedDevice(response, trustedDeviceToken);
    return response;
  },
};
