import { linkPage } from '../../../http/link-page.ts';
import { readPresentedDevice, sendDeviceToken } from '../../known-devices/index.ts';
import { resetPassword } from '../reset/reset-password.ts';
import { resetPasswordRequest } from '../reset/schemas.ts';

export const page = linkPage(
  {
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
