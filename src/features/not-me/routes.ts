import { defineRoutes } from '../../http/route.ts';

export const routes = defineRoutes(() => import('./handlers.ts'), {
  notMe: {
    ...{ method: 'POST', path: '/api/auth/not-me', guard: 'anyone', limit: 'credential', body: 'required' },
  },
});
