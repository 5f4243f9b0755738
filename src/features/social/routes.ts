import { defineRoutes } from '../../http/route.ts';
import { callbackRoutes } from './callback/routes.ts';
import { startRoutes } from './start/routes.ts';

const path = '/api/auth/oauth';
const posted = { method: 'POST', guard: 'anyone', limit: 'credential', body: 'required' } as const;

const ownRoutes = defineRoutes(() => import('./handlers.ts'), {
  exchange: { ...posted, path: `${path}/token` },
  idToken: { ...posted, path: `${path}/:provider/id-token` },
  link: {
    ...{
      method: 'POST',
      path: `${path}/:provider/link`,
      guard: 'session',
      isSensitive: true,
      body: 'optional',
    },
  },
  reauthenticate: {
    ...{ method: 'POST', path: `${path}/:provider/reauthenticate`, guard: 'session', body: 'optional' },
  },
  list: { method: 'GET', path: '/api/auth/identities', guard: 'session' },
  unlink: { method: 'DELETE', path: '/api/auth/identities/:provider', guard: 'session', isSensitive: true },
});

export const routes = [...startRoutes, ...callbackRoutes, ...ownRoutes];
