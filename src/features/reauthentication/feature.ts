import type { Feature } from '../../feature.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  pages: [
    {
      path: '/reauthenticate',
      guard: 'account-holder',
      load: () => import('./pages/reauthenticate-page.tsx'),
    },
  ],
};
