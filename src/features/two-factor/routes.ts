import { defineRoute } from '../../http/route.ts';
import { secondStepRoute } from './second-step/routes.ts';

const path = '/api/auth/two-factor';
/** What its owner alone may do. */
const sensitive = { guard: 'session', limit: 'credential', isSensitive: true } as const;

const setupRoute = defineRoute(
  { method: 'POST', path: `${path}/setup`, ...sensitive, body: 'optional' },
  async () => (await import('./handlers.ts')).setupHandler,
);

const enableRoute = defineRoute(
  { method: 'POST', path: `${path}/enable`, ...sensitive, body: 'required' },
  async () => (await import('./handlers.ts')).enableHandler,
);

const listRoute = defineRoute(
  { method: 'GET', path, guard: 'session' },
  async () => (await import('./handlers.ts')).listHandler,
);

const disableRoute = defineRoute(
  { method: 'POST', path: `${path}/disable`, ...sensitive, body: 'required' },
  async () => (await import('./handlers.ts')).disableHandler,
);

const backupCodesRoute = defineRoute(
  {
    ...{ method: 'POST', path: `${path}/backup-codes`, ...sensitive },
    ...{ body: 'optional' },
  },
  async () => (await import('./handlers.ts')).backupCodesHandler,
);

const resetRoute = defineRoute(
  { method: 'POST', path: '/api/admin/users/:id/two-factor/reset', guard: 'admin', limit: 'credential' },
  async () => (await import('./handlers.ts')).resetHandler,
);

const keepRoute = defineRoute(
  { method: 'POST', path: `${path}/keep`, guard: 'anyone', limit: 'credential', body: 'required' },
  async () => (await import('./handlers.ts')).keepHandler,
);

export const routes = [
  ...[secondStepRoute, setupRoute, enableRoute, listRoute, disableRoute, backupCodesRoute],
  ...[resetRoute, keepRoute],
];
