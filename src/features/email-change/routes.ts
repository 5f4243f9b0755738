import { defineRoutes } from '../../http/route.ts';

const path = '/api/auth/email/change';
const posted = { method: 'POST', limit: 'credential', body: 'required' } as const;

export const routes = defineRoutes(() => import('./handlers.ts'), {
  request: { ...posted, path, guard: 'session', isSensitive: true },
  confirm: { ...posted, path: `${path}/confirm`, guard: 'anyone' },
  revert: { ...posted, path: `${path}/revert`, guard: 'anyone' },
});
