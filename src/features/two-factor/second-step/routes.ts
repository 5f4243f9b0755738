import { defineRoutes } from '../../../http/route.ts';

const path = '/api/auth/login/two-factor';

export const secondStepRoutes = defineRoutes(() => import('./handlers.ts'), {
  secondStep: { method: 'POST', path, guard: 'token-holder', limit: 'credential', body: 'required' },
});
