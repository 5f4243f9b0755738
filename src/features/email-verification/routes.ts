import { findCaller } from '../../http/guard.ts';
import { defineLinkPage } from '../../http/page-route.ts';
import { pageTarget, rememberedTarget } from '../../http/page-target.ts';
import { defineRoute } from '../../http/route.ts';
import { readPresentedDevice } from '../known-devices/index.ts';
import { correctableByPassword, LinkHolderForm, passwordField } from '../link-holder/index.ts';
import { answerPageSignIn, answerSignIn, setSignInCookies } from '../sign-in/index.ts';
import { readTrustedDevice } from '../trusted-devices/index.ts';
import { resendVerification } from './resend/resend-verification.ts';
import { ResendRequest, VerifyEmailRequest } from './schemas.ts';
import { verifyEmail } from './verify/verify-email.ts';

const resendRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/email/resend',
    guard: 'anyone',
    limit: 'credential',
    body: ResendRequest,
  },
  async (c, { deps, body: { email } }) => {
    await resendVerification(deps, email);
    const message = 'If this address still has to be verified, we have sent it an e-mail';
    return c.json({ success: true, message }, 202);
  },
);

const verifyRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/email/verify',
    guard: 'anyone',
    limit: 'credential',
    body: VerifyEmailRequest,
  },
  async (c, { deps, body: { token, password, transport }, originTrust }) => {
    const caller = await findCaller(c, deps, originTrust);
    const device = readPresentedDevice(c, deps);
    const trusted = readTrustedDevice(c, deps);
    const verified = await verifyEmail(deps, { token, password, transport, caller, device, trusted });
    return verified.outcome === 'verified'
      ? c.json({ success: true, user: verified.user })
      : answerSignIn(c, 200, verified);
  },
);

const verifyPage = defineLinkPage(
  {
    path: '/auth/verify-email',
    name: 'verifyEmail',
    form: LinkHolderForm,
    fields: (c, deps, { fields }, isRetry) =>
      passwordField(c, deps, { label: fields.password, hint: fields.verifyPasswordHint }, isRetry),
    isForCaller: true,
    correctable: correctableByPassword,
  },
  async (c, { deps, body, caller }) => {
    const device = readPresentedDevice(c, deps);
    const password = body.password || undefined;
    const trusted = readTrustedDevice(c, deps);
    const input = { token: body.token, password, transport: 'cookie', caller, device, trusted } as const;
    const verified = await verifyEmail(deps, input);
    const target = rememberedTarget(c.req.raw.headers, deps.config) ?? pageTarget(deps.config, undefined);
    if (verified.outcome === 'session') return (response) => setSignInCookies(response, verified);
    // Without pages for the second step the address is verified, and nobody is signed in.
    if (verified.outcome === 'verified' || !deps.config.pages.areHosted) return undefined;
    return answerPageSignIn(verified, target);
  },
);

export const routes = [resendRoute, verifyRoute, ...verifyPage];
