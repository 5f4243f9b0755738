import { linkPage } from '../../../http/link-page.ts';
import { readPresentedDevice, sendDeviceToken } from '../../known-devices/index.ts';
import { resetPassword } from '../reset/reset-password.ts';
import { resetPasswordRequest } from '../reset/schemas.ts';
import { newPasswordFields } from './new-password-fields.ts';

export const page = linkPage(
  {
    name: 'resetPassword',
    form: ({ config }) => resetPasswordRequest(config.password.minLength),
    fields: async (_c, deps, language) =>
      newPasswordFields({ deps, language }, { names: ['password', 'confirmPassword'] }),
    correctable: ['password_too_common', 'password_breached', 'overloaded'],
  },
  async (c, { deps, body: { token, password } }) => {
    const deviceToken = await resetPassword(deps, { token, password, device: readPresentedDevice(c, deps) });
    return (response) => sendDeviceToken(response, deviceToken, { isCookie: true, isBody: false });
  },
);
