import { defineRoutes } from '../../http/route.ts';
import { currentPasswordRoutes } from './own-password/routes.ts';
import { resetRoutes } from './reset/routes.ts';
import { unlockRoutes } from './unlock/routes.ts';

const posted = { method: 'POST', guard: 'anyone', limit: 'credential', body: 'required' } as const;

const signInRoutes = defineRoutes(() => import('./handlers.ts'), {
  register: { ...posted, path: '/api/auth/register' },
  login: { ...posted, path: '/api/auth/login' },
});

export const routes = [...signInRoutes, ...currentPasswordRoutes, ...resetRoutes, ...unlockRoutes];
