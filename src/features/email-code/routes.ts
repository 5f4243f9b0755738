import { defineRoutes } from '../../http/route.ts';

const path = '/api/auth/reauthenticate/email';

export const routes = defineRoutes(() => import('./handlers.ts'), {
  request: { method: 'POST', path, guard: 'session', limit: 'credential', body: 'optional' },
});
