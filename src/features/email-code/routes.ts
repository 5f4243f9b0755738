import { defineRoute } from '../../http/route.ts';

const requestRoute = defineRoute(
  {
    ...{ method: 'POST', path: '/api/auth/reauthenticate/email', guard: 'session', limit: 'credential' },
    ...{ body: 'optional' },
  },
  async () => (await import('./handlers.ts')).requestHandler,
);

export const routes = [requestRoute];
