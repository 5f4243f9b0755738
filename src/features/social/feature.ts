import type { Feature } from '../../feature.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  accountSections: [
    { page: '/account', name: 'identities', order: 40, load: () => import('./pages/identities-section.tsx') },
  ],
  loadSignInMethod: async () => (await import('./start/provider-sign-in.ts')).providerSignIn,
  loadRules: async () => (await import('./rules.ts')).rules,
};
