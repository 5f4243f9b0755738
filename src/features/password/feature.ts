import type { Feature } from '../../feature.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  pages: [
    { path: '/auth/reset-password', guard: 'anyone', load: () => import('./pages/reset-link-page.ts') },
    { path: '/auth/unlock', guard: 'anyone', load: () => import('./pages/unlock-page.ts') },
    { path: '/login', guard: 'visitor', load: () => import('./pages/login-page.tsx') },
    { path: '/register', guard: 'visitor', load: () => import('./pages/register-page.tsx') },
    { path: '/forgot-password', guard: 'visitor', load: () => import('./pages/forgot-password-page.tsx') },
    { path: '/reset-password', guard: 'visitor', load: () => import('./pages/reset-password-page.ts') },
  ],
  accountSections: [
    { page: '/account', name: 'password', order: 30, load: () => import('./pages/password-section.tsx') },
  ],
  loadRules: async () => (await import('./rules.ts')).rules,
};
