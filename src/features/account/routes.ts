import { defineRoute, defineRoutes } from '../../http/route.ts';
import { getMe } from './get-me.ts';

const path = '/api/auth/me';

const getMeRoute = defineRoute(
  { method: 'GET', path, guard: 'session' },
  { answer: async (c, { deps, caller }) => c.json({ success: true, ...(await getMe(deps, caller)) }) },
);

const loadedRoutes = defineRoutes(() => import('./handlers.ts'), {
  updateMe: { method: 'PATCH', path, guard: 'session', body: 'required' },
  deleteAccount: {
    ...{ method: 'DELETE', path, guard: 'session', limit: 'credential', isSensitive: true, body: 'optional' },
  },
  listSecurityEvents: { method: 'GET', path: '/api/auth/security-events', guard: 'session' },
  export: {
    ...{ method: 'GET', path: `${path}/export`, guard: 'session', limit: 'credential', isSensitive: true },
  },
});

export const routes = [getMeRoute, ...loadedRoutes];
