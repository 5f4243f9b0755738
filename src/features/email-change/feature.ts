import type { Feature } from '../../feature.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  accountSections: [
    {
      page: '/account',
      name: 'email',
      order: 20,
      load: async () => (await import('./pages/email-section.tsx')).emailSection,
    },
  ],
};
