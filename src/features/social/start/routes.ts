import { defineRoute } from '../../../http/route.ts';

const providersRoute = defineRoute(
  { method: 'GET', path: '/api/auth/oauth/providers', guard: 'anyone' },
  async () => (await import('./handlers.ts')).providersHandler,
);

const startRoute = defineRoute(
  { method: 'GET', path: '/api/auth/oauth/:provider', guard: 'anyone' },
  async () => (await import('./handlers.ts')).startHandler,
);

export const startRoutes = [providersRoute, startRoute];
