import type { Feature } from '../../feature.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  pages: [
    {
      path: '/auth/keep-two-factor',
      guard: 'anyone',
      load: async () => (await import('./pages/keep-page.ts')).keepPage,
    },
    {
      path: '/login/two-factor',
      guard: 'visitor',
      load: async () => (await import('./pages/second-step-page.tsx')).secondStepPage,
    },
  ],
  accountSections: [
    {
      page: '/account/security',
      name: 'two-factor',
      order: 10,
      load: async () => (await import('./pages/two-factor-section.tsx')).twoFactorSection,
    },
  ],
  loadRules: async () => (await import('./rules.ts')).rules,
};
