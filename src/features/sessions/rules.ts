import type { FeatureRules } from '../../feature.ts';
import { sessionCredentials } from './closing/fragments.ts';
import { exportedSessions } from './fragments.ts';
import { cleanupExpiredSessions } from './queries.ts';
import { recentAuthentication } from './recent-authentication.ts';

export const rules: FeatureRules = {
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
