import { preferredLocale } from '../../http/accept-language.ts';
import type { Handler } from '../../http/route.ts';
import { readPresentedDevice } from '../known-devices/index.ts';
import { answerSignIn, LoginRequest } from '../sign-in/index.ts';
import { readTrustedDevice } from '../trusted-devices/index.ts';
import { login } from './login.ts';
import { createAccount } from './register/create-account.ts';
import { requestAccount } from './register/request-account.ts';
import { registerRequest } from './schemas.ts';

export const registerHandler: Handler<'anyone', ReturnType<typeof registerRequest>> = {
  body: ({ config }) => registerRequest(config.password.minLength),
  answer: async (c, { deps, body: { email, name, password, transport } }) => {
    const locale = preferredLocale(c.req.raw.headers);
    const device = readPresentedDevice(c, deps);
    const input = { email, name, password, transport, locale, device };
    if (deps.config.emailVerification !== 'required')
      return answerSignIn(c, 201, await createAccount(deps, input));
    await requestAccount(deps, input);
    return c.json({ success: true, message: 'Check your e-mail to continue' }, 202);
  },
};

export const loginHandler: Handler<'anyone', typeof LoginRequest> = {
  body: LoginRequest,
  answer: async (c, { deps, body: { email, password, transport, trustedDeviceToken } }) => {
    const device = readPresentedDevice(c, deps);
    const trusted = readTrustedDevice(c, deps, trustedDeviceToken);
    return answerSignIn(c, 200, await login(deps, { email, password, transport, device, trusted }));
  },
};
