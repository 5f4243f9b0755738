import { preferredLocale } from '../../http/accept-language.ts';
import { defineRoute } from '../../http/route.ts';
import { readPresentedDevice } from '../known-devices/index.ts';
import { answerSignIn, LoginRequest } from '../sign-in/index.ts';
import { readTrustedDevice } from '../trusted-devices/index.ts';
import { currentPasswordRoutes } from './current-password/routes.ts';
import { login } from './login.ts';
import { createAccount } from './register/create-account.ts';
import { requestAccount } from './register/pending/request-account.ts';
import { resetRoutes } from './reset/routes.ts';
import { registerRequest } from './schemas.ts';

const registerRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/register',
    guard: 'anyone',
    limit: 'credential',
    body: ({ config }) => registerRequest(config.password.minLength),
  },
  async (c, { deps, body: { email, name, password, transport } }) => {
    const locale = preferredLocale(c.req.raw.headers);
    const device = readPresentedDevice(c, deps);
    const input = { email, name, password, transport, locale, device };
    if (deps.config.emailVerification !== 'required')
      return answerSignIn(c, 201, await createAccount(deps, input));
    await requestAccount(deps, input);
    return c.json({ success: true, message: 'Check your e-mail to continue' }, 202);
  },
);

const loginRoute = defineRoute(
  { method: 'POST', path: '/api/auth/login', guard: 'anyone', limit: 'credential', body: LoginRequest },
  async (c, { deps, body: { email, password, transport, trustedDeviceToken } }) => {
    const device = readPresentedDevice(c, deps);
    const trusted = readTrustedDevice(c, deps, trustedDeviceToken);
    return answerSignIn(c, 200, await login(deps, { email, password, transport, device, trusted }));
  },
);

export const routes = [registerRoute, loginRoute, ...currentPasswordRoutes, ...resetRoutes];
