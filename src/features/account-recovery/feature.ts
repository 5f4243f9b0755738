import type { Feature } from '../../feature.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  pages: [
    { path: '/auth/unlock', guard: 'anyone', load: () => import('./pages/unlock-page.ts') },
    { path: '/auth/not-me', guard: 'anyone', load: () => import('./pages/not-me-page.ts') },
  ],
};
