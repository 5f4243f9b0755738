import { defineRoutes } from '../../../http/route.ts';

export const startRoutes = defineRoutes(() => import('./handlers.ts'), {
  providers: { method: 'GET', path: '/api/auth/oauth/providers', guard: 'anyone' },
  start: { method: 'GET', path: '/api/auth/oauth/:provider', guard: 'anyone' },
});
