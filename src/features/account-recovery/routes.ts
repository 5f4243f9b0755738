import { defineRoute } from '../../http/route.ts';

const unlockRoute = defineRoute(
  { method: 'POST', path: '/api/auth/unlock', guard: 'anyone', limit: 'credential', body: 'required' },
  async () => (await import('./handlers.ts')).unlockHandler,
);

const notMeRoute = defineRoute(
  { method: 'POST', path: '/api/auth/not-me', guard: 'anyone', limit: 'credential', body: 'required' },
  async () => (await import('./handlers.ts')).notMeHandler,
);

export const routes = [unlockRoute, notMeRoute];
