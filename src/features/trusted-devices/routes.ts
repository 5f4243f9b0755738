import { defineRoute } from '../../http/route.ts';

const path = '/api/auth/trusted-devices';

const listRoute = defineRoute(
  { method: 'GET', path, guard: 'session' },
  async () => (await import('./handlers.ts')).listHandler,
);

const forgetRoute = defineRoute(
  { method: 'DELETE', path: `${path}/:id`, guard: 'session' },
  async () => (await import('./handlers.ts')).forgetHandler,
);

export const routes = [listRoute, forgetRoute];
