import { defineRoute } from '../../../http/route.ts';
import { answerTokens } from '../../sessions/index.ts';
import { changePassword } from './change-password.ts';
import { changePasswordRequest } from './schemas.ts';

const changePasswordRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/password/change',
    guard: 'session',
    limit: 'credential',
    isSensitive: true,
    body: ({ config }) => changePasswordRequest(config.password.minLength),
  },
  async (c, { deps, caller, body: { currentPassword: password, newPassword } }) => {
    return answerTokens(c, 200, await changePassword(deps, { caller, password }, newPassword));
  },
);

/** The route by which a signed-in user changes the current password. */
export const currentPasswordRoutes = [changePasswordRoute];
