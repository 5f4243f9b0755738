import type { Handler } from '../../../http/route.ts';
import { answerTokens } from '../../sessions/index.ts';
import { changePassword } from './change-password.ts';
import { changePasswordRequest } from './schemas.ts';

export const changePasswordHandler: Handler<'session', ReturnType<typeof changePasswordRequest>> = {
  body: ({ config }) => changePasswordRequest(config.password.minLength),
  answer: async (c, { deps, caller, body: { currentPassword: password, newPassword } }) => {
    return answerTokens(c, 200, await changePassword(deps, { caller, password }, newPassword));
  },
};
