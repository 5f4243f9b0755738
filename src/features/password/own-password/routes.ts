import { defineRoutes } from '../../../http/route.ts';

const path = '/api/auth/password/change';

/** The route by which a signed-in user changes the current password. */
export const currentPasswordRoutes = defineRoutes(() => import('./handlers.ts'), {
  changePassword: {
    ...{ method: 'POST', path, guard: 'session', limit: 'credential', isSensitive: true, body: 'required' },
  },
});
