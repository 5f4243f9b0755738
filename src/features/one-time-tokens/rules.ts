import type { FeatureRules } from '../../feature.ts';
import { linkCredentials } from './closing/fragments.ts';
import { deleteTokens, exportedLinks } from './fragments.ts';
import { cleanupExpiredTokens } from './queries.ts';

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
