import type { Feature } from '../../feature.ts';
import { routes } from './routes.ts';

const loadAccountPage = () => import('./pages/account-page.tsx');

export const feature: Feature = {
  routes,
  pages: [
    { path: '/', guard: 'visitor', load: () => import('./pages/home-page.ts') },
    { path: '/language', guard: 'visitor', load: () => import('./pages/language-page.ts') },
    { path: '/account', guard: 'account-holder', load: loadAccountPage },
    { path: '/account/sessions', guard: 'account-holder', load: loadAccountPage },
    { path: '/account/security', guard: 'account-holder', load: loadAccountPage },
    { path: '/account/delete', guard: 'account-holder', load: () => import('./pages/delete-page.tsx') },
  ],
  accountSections: [
    { page: '/account', name: 'profile', order: 10, load: () => import('./pages/profile-section.tsx') },
    { page: '/account', name: 'data', order: 80, load: () => import('./pages/data-section.tsx') },
    { page: '/account', name: 'deletion', order: 90, load: () => import('./pages/deletion-section.tsx') },
  ],
};
