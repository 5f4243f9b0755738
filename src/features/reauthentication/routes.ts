import { defineRoutes } from '../../http/route.ts';

const path = '/api/auth/reauthenticate';

export const routes = defineRoutes(() => import('./handlers.ts'), {
  reauthenticate: { method: 'POST', path, guard: 'session', limit: 'credential', body: 'required' },
});
