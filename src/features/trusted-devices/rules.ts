import type { FeatureRules } from '../../feature.ts';
import { trustedDeviceCredentials } from './close-trust.sql.ts';
import { cleanupTrustedDevices } from './own-trusted-devices.sql.ts';
import { exportedTrustedDevices } from './trust-device.sql.ts';

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
