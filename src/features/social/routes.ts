import { defineRoute } from '../../http/route.ts';
import { callbackRoutes } from './callback/routes.ts';
import { startRoutes } from './start/routes.ts';

const exchangeRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/oauth/token',
    guard: 'anyone',
    limit: 'credential',
    body: 'required',
  },
  async () => (await import('./handlers.ts')).exchangeHandler,
);

const idTokenRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/oauth/:provider/id-token',
    guard: 'anyone',
    limit: 'credential',
    body: 'required',
  },
  async () => (await import('./handlers.ts')).idTokenHandler,
);

const linkRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/oauth/:provider/link',
    guard: 'session',
    isSensitive: true,
    body: 'optional',
  },
  async () => (await import('./handlers.ts')).linkHandler,
);

const reauthenticateRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/oauth/:provider/reauthenticate',
    guard: 'session',
    body: 'optional',
  },
  async () => (await import('./handlers.ts')).reauthenticateHandler,
);

const listRoute = defineRoute(
  { method: 'GET', path: '/api/auth/identities', guard: 'session' },
  async () => (await import('./handlers.ts')).listHandler,
);

const unlinkRoute = defineRoute(
  { method: 'DELETE', path: '/api/auth/identities/:provider', guard: 'session', isSensitive: true },
  async () => (await import('./handlers.ts')).unlinkHandler,
);

export const routes = [
  exchangeRoute,
  ...startRoutes,
  ...callbackRoutes,
  idTokenRoute,
  linkRoute,
  reauthenticateRoute,
  listRoute,
  unlinkRoute,
];
