import { defineRoute } from '../../../http/route.ts';

const changePasswordRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/password/change',
    guard: 'session',
    limit: 'credential',
    isSensitive: true,
    body: 'required',
  },
  async () => (await import('./handlers.ts')).changePasswordHandler,
);

/** The route by which a signed-in user changes the current password. */
export const currentPasswordRoutes = [changePasswordRoute];
