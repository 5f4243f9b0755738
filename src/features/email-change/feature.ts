import type { Feature } from '../../feature.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  pages: [
    {
      path: '/auth/confirm-email',
      guard: 'anyone',
      load: async () => (await import('./pages/confirm-page.ts')).confirmPage,
    },
    {
      path: '/auth/revert-email',
      guard: 'anyone',
      load: async () => (await import('./pages/revert-page.ts')).revertPage,
    },
  ],
  accountSections: [
    {
      page: '/account',
      name: 'email',
      order: 20,
      load: async () => (await import('./pages/email-section.tsx')).emailSection,
    },
  ],
};
