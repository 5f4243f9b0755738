import { defineRoute } from '../../../http/route.ts';

/*
 * The end of a visit to a provider, which comes back by a link or by a form of its own site: the only unsafe route that
 * takes requests from any origin, since the sealed cookie and its state decide (CSR-10).
 */
const spec = {
  path: '/api/auth/oauth/:provider/callback',
  guard: 'identity-provider',
  limit: 'credential',
} as const;

const byLink = defineRoute(
  { ...spec, method: 'GET' },
  async () => (await import('./handlers.ts')).byLinkHandler,
);

const byForm = defineRoute(
  { ...spec, method: 'POST' },
  async () => (await import('./handlers.ts')).byFormHandler,
);

export const callbackRoutes = [byLink, byForm];
