import { findCaller } from '../../http/guard.ts';
import { defineLinkPage } from '../../http/page-route.ts';
import { defineRoute } from '../../http/route.ts';
import { readPresentedDevice } from '../known-devices/index.ts';
import { answerSignIn, setSignInCookies } from '../sign-in/index.ts';
import { resendVerification } from './resend/resend-verification.ts';
import { ResendRequest, VerifyEmailForm, VerifyEmailRequest } from './schemas.ts';
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
    const { user, signIn } = await verifyEmail(deps, { token, password, transport, caller, device });
    return signIn === null ? c.json({ success: true, user }) : answerSignIn(c, 200, signIn);
  },
);

const verifyPage = defineLinkPage(
  {
    path: '/auth/verify-email',
    name: 'verifyEmail',
    form: VerifyEmailForm,
    fields: async (c, deps, { fields }, isRetry) => {
      // A guess that costs no round trip: whoever is signed in here has most likely just registered here.
      if (!isRetry && (await findCaller(c, deps, 'own')) !== null) return [];
      const hint = fields.verifyPasswordHint;
      return [
        {
          name: 'password',
          label: fields.password,
          type: 'password',
          autocomplete: 'current-password',
          hint,
        },
      ];
    },
    correctable: ['password_required', 'too_many_attempts', 'overloaded'],
  },
  async (c, { deps, body, originTrust }) => {
    const caller = await findCaller(c, deps, originTrust);
    const device = readPresentedDevice(c, deps);
    const password = body.password || undefined;
    const input = { token: body.token, password, transport: 'cookie', caller, device } as const;
    const { signIn } = await verifyEmail(deps, input);
    return signIn === null ? undefined : (response) => setSignInCookies(response, signIn);
  },
);

export const routes = [resendRoute, verifyRoute, ...verifyPage];
