import type { Feature } from '../../feature.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  pages: [
    {
      path: '/logout',
      guard: 'visitor',
      load: async () => (await import('./pages/logout-page.tsx')).logoutPage,
    },
  ],
  accountSections: [
    {
      page: '/account/sessions',
      name: 'sessions',
      order: 10,
      load: async () => (await import('./pages/sessions-section.tsx')).sessionsSection,
    },
  ],
  loadVisitorReader: async () => (await import('./visitor.ts')).visitorReader,
  loadRules: async () => (await import('./rules.ts')).rules,
};
