import { defineRoute } from '../../http/route.ts';
import { getMe } from './get-me.ts';

const path = '/api/auth/me';

const getMeRoute = defineRoute(
  { method: 'GET', path, guard: 'session' },
  { answer: async (c, { deps, caller }) => c.json({ success: true, ...(await getMe(deps, caller)) }) },
);

const updateMeRoute = defineRoute(
  { method: 'PATCH', path, guard: 'session', body: 'required' },
  async () => (await import('./handlers.ts')).updateMeHandler,
);

const listSecurityEventsRoute = defineRoute(
  { method: 'GET', path: '/api/auth/security-events', guard: 'session' },
  async () => (await import('./handlers.ts')).listSecurityEventsHandler,
);

const exportRoute = defineRoute(
  { method: 'GET', path: `${path}/export`, guard: 'session', limit: 'credential', isSensitive: true },
  async () => (await import('./handlers.ts')).exportHandler,
);

const deleteAccountRoute = defineRoute(
  {
    method: 'DELETE',
    path,
    guard: 'session',
    limit: 'credential',
    isSensitive: true,
    body: 'optional',
  },
  async () => (await import('./handlers.ts')).deleteAccountHandler,
);

export const routes = [getMeRoute, updateMeRoute, deleteAccountRoute, listSecurityEventsRoute, exportRoute];
