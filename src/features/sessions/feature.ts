import type { Feature } from '../../feature.ts';
import { sessionCredentials } from './closing/fragments.ts';
import { exportedSessions } from './fragments.ts';
import { cleanupExpiredSessions } from './queries.ts';
import { recentAuthentication } from './recent-authentication.ts';
import { routes } from './routes.ts';
import { visitorReader } from './visitor.ts';

export const feature: Feature = {
  routes,
  pages: [
    {
      path: '/logout',
      guard: 'visitor',
      load: async () => (await import('./pages/logout-page.tsx')).logoutPage,
    },
  ],
  accountSections: [
    {
      page: '/account/sessions',
      name: 'sessions',
      order: 10,
      load: async () => (await import('./pages/sessions-section.tsx')).sessionsSection,
    },
  ],
  visitors: [visitorReader],
  gates: [recentAuthentication],
  credentials: [sessionCredentials],
  tables: [
    {
      name: 'sessions',
      columns: ['user_id'],
      atExport: { part: 'sessions' },
      atDeletion: 'cascade',
      atTakeOver: 'closed',
    },
    {
      name: 'former_session_ids',
      columns: ['session_id'],
      atExport: { none: 'former ids of sessions that are exported, and nothing else' },
      atDeletion: 'cascade',
      atTakeOver: 'closed',
    },
  ],
  exportParts: [exportedSessions],
  cleanUps: [{ rows: 'sessions', change: 'deleted', runBatch: cleanupExpiredSessions }],
};
