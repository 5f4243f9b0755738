import type { Feature } from '../../feature.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  pages: [
    {
      path: '/auth/verify-email',
      guard: 'anyone',
      load: async () => (await import('./pages/verify-page.ts')).verifyPage,
    },
    {
      path: '/check-your-mail',
      guard: 'visitor',
      load: async () => (await import('./pages/check-mail-page.tsx')).checkMailPage,
    },
  ],
  accountSections: [
    {
      page: '/account',
      name: 'verification',
      order: 15,
      load: async () => (await import('./pages/verification-section.tsx')).verificationSection,
    },
  ],
};
