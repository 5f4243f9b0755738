import { defineRoute } from '../../http/route.ts';

const reauthenticateRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/reauthenticate',
    guard: 'session',
    limit: 'credential',
    body: 'required',
  },
  async () => (await import('./handlers.ts')).reauthenticateHandler,
);

export const routes = [reauthenticateRoute];
