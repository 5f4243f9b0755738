import { defineRoutes } from '../../../http/route.ts';

/*
 * The end of a visit to a provider, which comes back by a link or by a form of its own site: the only unsafe route that
 * takes requests from any origin, since the sealed cookie and its state decide (CSR-10).
 */
const spec = {
  path: '/api/auth/oauth/:provider/callback',
  guard: 'identity-provider',
  limit: 'credential',
} as const;

export const callbackRoutes = defineRoutes(() => import('./handlers.ts'), {
  byLink: { ...spec, method: 'GET' },
  byForm: { ...spec, method: 'POST' },
});
