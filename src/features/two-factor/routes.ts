import { defineRoutes } from '../../http/route.ts';
import { secondStepRoutes } from './second-step/routes.ts';

const path = '/api/auth/two-factor';
/** What its owner alone may do. */
const sensitive = { method: 'POST', guard: 'session', limit: 'credential', isSensitive: true } as const;

const ownRoutes = defineRoutes(() => import('./handlers.ts'), {
  setup: { ...sensitive, path: `${path}/setup`, body: 'optional' },
  enable: { ...sensitive, path: `${path}/enable`, body: 'required' },
  list: { method: 'GET', path, guard: 'session' },
  disable: { ...sensitive, path: `${path}/disable`, body: 'required' },
  backupCodes: { ...sensitive, path: `${path}/backup-codes`, body: 'optional' },
  reset: {
    ...{ method: 'POST', path: '/api/admin/users/:id/two-factor/reset', guard: 'admin', limit: 'credential' },
  },
  keep: { method: 'POST', path: `${path}/keep`, guard: 'anyone', limit: 'credential', body: 'required' },
});

export const routes = [...secondStepRoutes, ...ownRoutes];
