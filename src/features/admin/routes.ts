import { defineRoute } from '../../http/route.ts';

const cleanupSessionsRoute = defineRoute(
  { method: 'POST', path: '/api/admin/cleanup-sessions', guard: 'cron', limit: 'credential' },
  async () => (await import('./handlers.ts')).cleanupSessionsHandler,
);

const initDbRoute = defineRoute(
  { method: 'POST', path: '/api/admin/init-db', guard: 'developer' },
  async () => (await import('./handlers.ts')).initDbHandler,
);

const signOutRoute = defineRoute(
  { method: 'POST', path: '/api/admin/users/:id/sign-out', guard: 'admin', limit: 'credential' },
  async () => (await import('./handlers.ts')).signOutHandler,
);

const banRoute = defineRoute(
  { method: 'POST', path: '/api/admin/users/:id/ban', guard: 'admin', limit: 'credential' },
  async () => (await import('./handlers.ts')).banHandler,
);

const unbanRoute = defineRoute(
  { method: 'POST', path: '/api/admin/users/:id/unban', guard: 'admin', limit: 'credential' },
  async () => (await import('./handlers.ts')).unbanHandler,
);

export const routes = [cleanupSessionsRoute, initDbRoute, signOutRoute, banRoute, unbanRoute];
