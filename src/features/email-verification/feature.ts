import type { Feature } from '../../feature.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  pages: [
    { path: '/auth/verify-email', guard: 'anyone', load: () => import('./pages/verify-page.ts') },
    { path: '/check-your-mail', guard: 'visitor', load: () => import('./pages/check-mail-page.tsx') },
  ],
  accountSections: [
    {
      page: '/account',
      name: 'verification',
      order: 15,
      load: () => import('./pages/verification-section.tsx'),
    },
  ],
};
