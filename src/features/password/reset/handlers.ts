import type { Handler } from '../../../http/route.ts';
import { readPresentedDevice, sendDeviceToken } from '../../known-devices/index.ts';
import { requestPasswordReset } from './request-password-reset.ts';
import { resetPassword } from './reset-password.ts';
import { ForgotPasswordRequest, resetPasswordRequest } from './schemas.ts';

export const forgotHandler: Handler<'anyone', typeof ForgotPasswordRequest> = {
  body: ForgotPasswordRequest,
  answer: async (c, { deps, body: { email } }) => {
    await requestPasswordReset(deps, email);
    return c.json(
      { success: true, message: 'If this address has an account, we have sent it an e-mail' },
      202,
    );
  },
};

export const resetHandler: Handler<'anyone', ReturnType<typeof resetPasswordRequest>> = {
  body: ({ config }) => resetPasswordRequest(config.password.minLength),
  answer: async (c, { deps, body: { token, password } }) => {
    const deviceToken = await resetPassword(deps, { token, password, device: readPresentedDevice(c, deps) });
    const response = c.json({ success: true, message: 'Password changed' });
    sendDeviceToken(response, deviceToken, { isCookie: true, isBody: true });
    return response;
  },
};
