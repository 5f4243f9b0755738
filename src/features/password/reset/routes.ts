import { defineRoute } from '../../../http/route.ts';

const forgotRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/password/forgot',
    guard: 'anyone',
    limit: 'credential',
    body: 'required',
  },
  async () => (await import('./handlers.ts')).forgotHandler,
);

const resetRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/password/reset',
    guard: 'anyone',
    limit: 'credential',
    body: 'required',
  },
  async () => (await import('./handlers.ts')).resetHandler,
);

/** The routes for a forgotten password. */
export const resetRoutes = [forgotRoute, resetRoute];
