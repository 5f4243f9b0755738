import type { Feature } from '../../feature.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  pages: [{ path: '/logout', guard: 'visitor', load: () => import('./pages/logout-page.tsx') }],
  accountSections: [
    {
      page: '/account/sessions',
      name: 'sessions',
      order: 10,
      load: () => import('./pages/sessions-section.tsx'),
    },
  ],
  loadVisitorReader: async () => (await import('./session-visitor-reader.ts')).sessionVisitorReader,
  loadRules: async () => (await import('./rules.ts')).rules,
};
