import type { Feature } from '../../feature.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  pages: [
    { path: '/auth/not-me', guard: 'anyone', load: () => import('./pages/not-me-page.ts') },
    { path: '/account/not-me', guard: 'account-holder', load: () => import('./pages/disown-page.tsx') },
  ],
  accountSections: [
    {
      page: '/account/security',
      name: 'activity',
      order: 50,
      load: () => import('./pages/activity-section.tsx'),
    },
  ],
};
