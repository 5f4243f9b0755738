import type { Feature } from '../../feature.ts';

export const feature: Feature = {
  pages: [
    { path: '/dev/outbox', guard: 'developer', load: () => import('./pages/outbox-pages.ts') },
    { path: '/dev/outbox/:id', guard: 'developer', load: () => import('./pages/outbox-pages.ts') },
  ],
};
