import type { FeatureRules } from '../../feature.ts';
import { sessionCredentials } from './close-sessions.sql.ts';
import { exportedSessions } from './live-session.sql.ts';
import { recentAuthentication } from './recent-authentication.ts';
import { cleanupExpiredSessions } from './refresh-session.sql.ts';

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
