import type { Feature } from '../../feature.ts';

export const feature: Feature = {
  pages: [
    {
      path: '/dev/outbox',
      guard: 'developer',
      load: async () => (await import('./pages/outbox-pages.ts')).listPage,
    },
    {
      path: '/dev/outbox/:id',
      guard: 'developer',
      load: async () => (await import('./pages/outbox-pages.ts')).mailPage,
    },
  ],
};
