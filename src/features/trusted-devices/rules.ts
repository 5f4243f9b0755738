import type { FeatureRules } from '../../feature.ts';
import { trustedDeviceCredentials } from './closing/fragments.ts';
import { exportedTrustedDevices } from './fragments.ts';
import { cleanupTrustedDevices } from './queries.ts';

export const rules: FeatureRules = {
  credentials: [trustedDeviceCredentials],
  tables: [
    {
      name: 'trusted_devices',
      columns: ['user_id'],
      atExport: { part: 'trustedDevices' },
      atDeletion: 'cascade',
      atTakeOver: 'closed',
    },
  ],
  exportParts: [exportedTrustedDevices],
  cleanUps: [{ rows: 'trusted_devices', change: 'deleted', runBatch: cleanupTrustedDevices }],
};
