import { defineRoute } from '../../http/route.ts';

const resendRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/email/resend',
    guard: 'anyone',
    limit: 'credential',
    body: 'required',
  },
  async () => (await import('./handlers.ts')).resendHandler,
);

const verifyRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/email/verify',
    guard: 'anyone',
    limit: 'credential',
    body: 'required',
  },
  async () => (await import('./handlers.ts')).verifyHandler,
);

export const routes = [resendRoute, verifyRoute];
