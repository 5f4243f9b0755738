import type { Feature } from '../../feature.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  pages: [
    {
      path: '/auth/unlock',
      guard: 'anyone',
      load: async () => (await import('./pages/unlock-page.ts')).unlockPage,
    },
    {
      path: '/auth/not-me',
      guard: 'anyone',
      load: async () => (await import('./pages/not-me-page.ts')).notMePage,
    },
  ],
};
