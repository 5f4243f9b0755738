import type { Feature } from '../../feature.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  accountSections: [
    {
      page: '/account',
      name: 'identities',
      order: 40,
      load: async () => (await import('./pages/identities-section.tsx')).identitiesSection,
    },
  ],
  loadSignInMethod: async () => (await import('./start/provider-sign-in.ts')).providerSignIn,
  loadRules: async () => (await import('./rules.ts')).rules,
};
