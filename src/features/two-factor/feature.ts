import type { Feature } from '../../feature.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  pages: [
    { path: '/auth/keep-two-factor', guard: 'anyone', load: () => import('./pages/keep-page.ts') },
    { path: '/login/two-factor', guard: 'visitor', load: () => import('./pages/second-step-page.tsx') },
  ],
  accountSections: [
    {
      page: '/account/security',
      name: 'two-factor',
      order: 10,
      load: () => import('./pages/two-factor-section.tsx'),
    },
  ],
  loadRules: async () => (await import('./rules.ts')).rules,
};
