import { clearAuthCookies } from '../../../http/auth-cookies.ts';
import { defineRoute } from '../../../http/route.ts';
import { answerTokens } from '../../sessions/index.ts';
import { changePassword } from './change-password.ts';
import { deleteAccount } from './delete-account.ts';
import { reauthenticate } from './reauthenticate.ts';
import { changePasswordRequest, DeleteAccountRequest, ReauthenticateRequest } from './schemas.ts';

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
    body: ({ config }) => changePasswordRequest(config.password.minLength),
  },
  async (c, { deps, caller, body: { currentPassword: password, newPassword } }) => {
    return answerTokens(c, 200, await changePassword(deps, { caller, password }, newPassword));
  },
);

const deleteAccountRoute = defineRoute(
  {
    method: 'DELETE',
    path: '/api/auth/me',
    guard: 'session',
    limit: 'credential',
    body: DeleteAccountRequest,
    isBodyOptional: true,
  },
  async (c, { deps, caller, body: { password } }) => {
    await deleteAccount(deps, { caller, password });
    const response = c.json({ success: true, message: 'Account deleted' });
    clearAuthCookies(response.headers, deps.config.session.legacyRefreshCookie);
    return response;
  },
);

/** The routes that ask a signed-in user for the current password. */
export const currentPasswordRoutes = [reauthenticateRoute, changePasswordRoute, deleteAccountRoute];
