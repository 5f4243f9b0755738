import { defineRoutes } from '../../http/route.ts';

const posted = { method: 'POST', guard: 'anyone', limit: 'credential', body: 'required' } as const;

export const routes = defineRoutes(() => import('./handlers.ts'), {
  resend: { ...posted, path: '/api/auth/email/resend' },
  verify: { ...posted, path: '/api/auth/email/verify' },
});
