import { defineRoute } from '../../../http/route.ts';
import { answerTokens } from '../../sessions/index.ts';
import { changePassword } from './change-password.ts';
import { reauthenticate } from './reauthenticate.ts';
import { changePasswordRequest, ReauthenticateRequest } from './schemas.ts';

const reauthenticateRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/reauthenticate',
    guard: 'session',
    limit: 'credential',
    body: ReauthenticateRequest,
  },
  async (c, { deps, caller, body: { password } }) => {
    return answerTokens(c, 200, await reauthenticate(deps, { caller, password }));
  },
);

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

/** The routes by which a signed-in user proves or changes the current password. */
export const currentPasswordRoutes = [reauthenticateRoute, changePasswordRoute];
