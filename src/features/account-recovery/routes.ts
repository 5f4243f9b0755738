import { defineRoutes } from '../../http/route.ts';

const byLink = { method: 'POST', guard: 'anyone', limit: 'credential', body: 'required' } as const;

export const routes = defineRoutes(() => import('./handlers.ts'), {
  unlock: { ...byLink, path: '/api/auth/unlock' },
  notMe: { ...byLink, path: '/api/auth/not-me' },
});
