import { defineRoutes } from '../../../http/route.ts';

/** The route of the link by which somebody who was locked out signs in again. */
export const unlockRoutes = defineRoutes(() => import('./handlers.ts'), {
  unlock: {
    ...{ method: 'POST', path: '/api/auth/unlock', guard: 'anyone', limit: 'credential', body: 'required' },
  },
});
