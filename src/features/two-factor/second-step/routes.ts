import { defineRoute } from '../../../http/route.ts';

export const secondStepRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/login/two-factor',
    guard: 'token-holder',
    limit: 'credential',
    body: 'required',
  },
  async () => (await import('./handlers.ts')).secondStepHandler,
);
