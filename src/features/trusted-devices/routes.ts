import { defineRoutes } from '../../http/route.ts';

const path = '/api/auth/trusted-devices';

export const routes = defineRoutes(() => import('./handlers.ts'), {
  list: { method: 'GET', path, guard: 'session' },
  forget: { method: 'DELETE', path: `${path}/:id`, guard: 'session' },
});
