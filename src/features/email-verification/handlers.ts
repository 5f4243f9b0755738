import { findCaller } from '../../http/guard.ts';
import type { Handler } from '../../http/route.ts';
import { readPresentedDevice } from '../known-devices/index.ts';
import { answerSignIn } from '../sign-in/index.ts';
import { readTrustedDevice } from '../trusted-devices/index.ts';
import { resendVerification } from './resend/resend-verification.ts';
import { ResendRequest, VerifyEmailRequest } from './schemas.ts';
import { verifyEmail } from './verify/verify-email.ts';

export const resendHandler: Handler<'anyone', typeof ResendRequest> = {
  body: ResendRequest,
  answer: async (c, { deps, body: { email } }) => {
    await resendVerification(deps, email);
    const message = 'If this address still has to be verified, we have sent it an e-mail';
    return c.json({ success: true, message }, 202);
  },
};

export const verifyHandler: Handler<'anyone', typeof VerifyEmailRequest> = {
  body: VerifyEmailRequest,
  answer: async (c, { deps, body: { token, password, transport }, originTrust }) => {
    const caller = await findCaller(c, deps, originTrust);
    const device = readPresentedDevice(c, deps);
    const trusted = readTrustedDevice(c, deps);
    const verified = await verifyEmail(deps, { token, password, transport, caller, device, trusted });
    return verified.outcome === 'verified'
      ? c.json({ success: true, user: verified.user })
      : answerSignIn(c, 200, verified);
  },
};
