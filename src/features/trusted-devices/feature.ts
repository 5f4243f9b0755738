import type { Feature } from '../../feature.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  accountSections: [
    {
      page: '/account/security',
      name: 'trusted-devices',
      order: 20,
      load: () => import('./pages/trusted-section.tsx'),
    },
  ],
  loadRules: async () => (await import('./rules.ts')).rules,
};
