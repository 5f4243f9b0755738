import type { Feature } from '../../feature.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  pages: [
    {
      path: '/auth/reset-password',
      guard: 'anyone',
      load: async () => (await import('./pages/reset-link-page.ts')).resetLinkPage,
    },
    {
      path: '/login',
      guard: 'visitor',
      load: async ({ loadSignInMethods }) =>
        (await import('./pages/login-page.tsx')).loginPage(await loadSignInMethods()),
    },
    {
      path: '/register',
      guard: 'visitor',
      load: async ({ loadSignInMethods }) =>
        (await import('./pages/register-page.tsx')).registerPage(await loadSignInMethods()),
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
  loadRules: async () => (await import('./rules.ts')).rules,
};
