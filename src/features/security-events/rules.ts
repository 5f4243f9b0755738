import type { FeatureRules } from '../../feature.ts';
import { deleteOldEvents, shortenOldAddresses } from './clean-up.sql.ts';
import { exportedEvents, forgetRequestMetadata } from './record-events.sql.ts';

export const rules: FeatureRules = {
  tables: [
    {
      name: 'security_events',
      columns: ['user_id', 'session_id'],
      atExport: { part: 'securityEvents' },
      atDeletion: { step: 'forgetMetadata', statement: forgetRequestMetadata },
      atTakeOver: { kept: 'the record of what happened to the account, which its owner reads' },
    },
  ],
  exportParts: [exportedEvents],
  cleanUps: [
    { rows: 'security_events', change: 'deleted', runBatch: deleteOldEvents },
    { rows: 'security_events.ip_address', change: 'shortened', runBatch: shortenOldAddresses },
  ],
};
