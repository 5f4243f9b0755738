import { defineRoute } from '../../http/route.ts';

const path = '/api/auth/email/change';

const requestRoute = defineRoute(
  {
    method: 'POST',
    path,
    guard: 'session',
    limit: 'credential',
    body: 'required',
    isSensitive: true,
  },
  async () => (await import('./handlers.ts')).requestHandler,
);

const confirmRoute = defineRoute(
  { method: 'POST', path: `${path}/confirm`, guard: 'anyone', limit: 'credential', body: 'required' },
  async () => (await import('./handlers.ts')).confirmHandler,
);

const revertRoute = defineRoute(
  { method: 'POST', path: `${path}/revert`, guard: 'anyone', limit: 'credential', body: 'required' },
  async () => (await import('./handlers.ts')).revertHandler,
);

export const routes = [requestRoute, confirmRoute, revertRoute];
