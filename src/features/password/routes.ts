import { defineRoute } from '../../http/route.ts';
import { currentPasswordRoutes } from './current-password/routes.ts';
import { resetRoutes } from './reset/routes.ts';

const registerRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/register',
    guard: 'anyone',
    limit: 'credential',
    body: 'required',
  },
  async () => (await import('./handlers.ts')).registerHandler,
);

const loginRoute = defineRoute(
  { method: 'POST', path: '/api/auth/login', guard: 'anyone', limit: 'credential', body: 'required' },
  async () => (await import('./handlers.ts')).loginHandler,
);

export const routes = [registerRoute, loginRoute, ...currentPasswordRoutes, ...resetRoutes];
