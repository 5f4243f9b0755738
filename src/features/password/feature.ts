import type { Feature } from '../../feature.ts';
import { passwordReauthentication } from './current-password/reauthenticate.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  pages: [
    {
      path: '/login',
      guard: 'visitor',
      load: async () => (await import('./pages/login-page.tsx')).loginPage,
    },
    {
      path: '/register',
      guard: 'visitor',
      load: async () => (await import('./pages/register-page.tsx')).registerPage,
    },
    {
      path: '/forgot-password',
      guard: 'visitor',
      load: async () => (await import('./pages/forgot-password-page.tsx')).forgotPasswordPage,
    },
    {
      path: '/reset-password',
      guard: 'visitor',
      load: async () => (await import('./pages/reset-password-page.ts')).resetPasswordPage,
    },
  ],
  accountSections: [
    {
      page: '/account',
      name: 'password',
      order: 30,
      load: async () => (await import('./pages/password-section.tsx')).passwordSection,
    },
  ],
  reauthentications: [passwordReauthentication],
};
