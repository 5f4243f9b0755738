import { defineRoutes } from '../../http/route.ts';

const users = '/api/admin/users/:id';
const byAdmin = { method: 'POST', guard: 'admin', limit: 'credential' } as const;

export const routes = defineRoutes(() => import('./handlers.ts'), {
  cleanupSessions: {
    ...{ method: 'POST', path: '/api/admin/cleanup-sessions', guard: 'cron', limit: 'credential' },
  },
  initDb: { method: 'POST', path: '/api/admin/init-db', guard: 'developer' },
  signOut: { ...byAdmin, path: `${users}/sign-out` },
  ban: { ...byAdmin, path: `${users}/ban` },
  unban: { ...byAdmin, path: `${users}/unban` },
});
