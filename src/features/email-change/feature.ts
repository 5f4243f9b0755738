import type { Feature } from '../../feature.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  pages: [
    { path: '/auth/confirm-email', guard: 'anyone', load: () => import('./pages/confirm-page.ts') },
    { path: '/auth/revert-email', guard: 'anyone', load: () => import('./pages/revert-page.ts') },
  ],
  accountSections: [
    { page: '/account', name: 'email', order: 20, load: () => import('./pages/email-section.tsx') },
  ],
};
