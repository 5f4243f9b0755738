import type { FeatureRules } from '../../feature.ts';
import { cleanupExpiredTokens } from './clean-up.sql.ts';
import { linkCredentials } from './close-links.sql.ts';
import { deleteTokens, exportedLinks } from './tokens.sql.ts';

export const rules: FeatureRules = {
  credentials: [linkCredentials],
  tables: [
    {
      name: 'one_time_tokens',
      columns: ['owner_id'],
      atExport: { part: 'links' },
      atDeletion: { step: 'deleteLinks', statement: deleteTokens },
      atTakeOver: 'closed',
    },
  ],
  exportParts: [exportedLinks],
  cleanUps: [{ rows: 'one_time_tokens', change: 'deleted', runBatch: cleanupExpiredTokens }],
};
