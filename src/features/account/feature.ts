import type { Feature } from '../../feature.ts';
import type { AccountPath } from '../../http/account-section.ts';
import type { Site } from '../../http/page.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  pages: [
    { path: '/', guard: 'visitor', load: async () => (await import('./pages/home-page.ts')).homePage },
    {
      path: '/language',
      guard: 'visitor',
      load: async () => (await import('./pages/language-page.ts')).languagePage,
    },
    { path: '/account', guard: 'account-holder', load: (site) => loadAccountPage('/account', site) },
    {
      path: '/account/sessions',
      guard: 'account-holder',
      load: (site) => loadAccountPage('/account/sessions', site),
    },
    {
      path: '/account/security',
      guard: 'account-holder',
      load: (site) => loadAccountPage('/account/security', site),
    },
    {
      path: '/account/delete',
      guard: 'account-holder',
      load: async () => (await import('./pages/delete-page.tsx')).deletePage,
    },
  ],
  accountSections: [
    {
      page: '/account',
      name: 'profile',
      order: 10,
      load: async () => (await import('./pages/profile-section.tsx')).profileSection,
    },
    {
      page: '/account/security',
      name: 'activity',
      order: 50,
      load: async () => (await import('./pages/activity-section.tsx')).activitySection,
    },
    {
      page: '/account',
      name: 'data',
      order: 80,
      load: async () => (await import('./pages/data-section.tsx')).dataSection,
    },
    {
      page: '/account',
      name: 'deletion',
      order: 90,
      load: async () => (await import('./pages/deletion-section.tsx')).deletionSection,
    },
  ],
};

async function loadAccountPage(path: AccountPath, { accountSections }: Site) {
  return (await import('./pages/account-page.tsx')).accountPage(path, accountSections);
}
