import { defineRoutes } from '../../../http/route.ts';

const posted = { method: 'POST', guard: 'anyone', limit: 'credential', body: 'required' } as const;

/** The routes for a forgotten password. */
export const resetRoutes = defineRoutes(() => import('./handlers.ts'), {
  forgot: { ...posted, path: '/api/auth/password/forgot' },
  reset: { ...posted, path: '/api/auth/password/reset' },
});
