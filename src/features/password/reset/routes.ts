import { defineLinkPage } from '../../../http/page-route.ts';
import { defineRoute } from '../../../http/route.ts';
import { readPresentedDevice, sendDeviceToken } from '../../known-devices/index.ts';
import { requestPasswordReset } from './request-password-reset.ts';
import { resetPassword } from './reset-password.ts';
import { ForgotPasswordRequest, resetPasswordRequest } from './schemas.ts';

const forgotRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/password/forgot',
    guard: 'anyone',
    limit: 'credential',
    body: ForgotPasswordRequest,
  },
  async (c, { deps, body: { email } }) => {
    await requestPasswordReset(deps, email);
    return c.json(
      { success: true, message: 'If this address has an account, we have sent it an e-mail' },
      202,
    );
  },
);

const resetRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/password/reset',
    guard: 'anyone',
    limit: 'credential',
    body: ({ config }) => resetPasswordRequest(config.password.minLength),
  },
  async (c, { deps, body: { token, password } }) => {
    const deviceToken = await resetPassword(deps, { token, password, device: readPresentedDevice(c, deps) });
    const response = c.json({ success: true, message: 'Password changed' });
    sendDeviceToken(response, deviceToken, { isCookie: true, isBody: true });
    return response;
  },
);

const resetPage = defineLinkPage(
  {
    path: '/auth/reset-password',
    name: 'resetPassword',
    form: ({ config }) => resetPasswordRequest(config.password.minLength),
    fields: async (_c, { config }, { fields }) => [
      {
        name: 'password',
        label: fields.newPassword,
        type: 'password',
        autocomplete: 'new-password',
        hint: fields.passwordHint(config.password.minLength),
      },
      {
        name: 'confirmPassword',
        label: fields.confirmPassword,
        type: 'password',
        autocomplete: 'new-password',
      },
    ],
    correctable: ['password_too_common', 'password_breached', 'overloaded'],
  },
  async (c, { deps, body: { token, password } }) => {
    const deviceToken = await resetPassword(deps, { token, password, device: readPresentedDevice(c, deps) });
    return (response) => sendDeviceToken(response, deviceToken, { isCookie: true, isBody: false });
  },
);

/** The routes for a forgotten password. */
export const resetRoutes = [forgotRoute, resetRoute, ...resetPage];
