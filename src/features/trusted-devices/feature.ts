import type { Feature } from '../../feature.ts';
import { trustedDeviceCredentials } from './closing/fragments.ts';
import { exportedTrustedDevices } from './fragments.ts';
import { cleanupTrustedDevices } from './queries.ts';
import { routes } from './routes.ts';

export const feature: Feature = {
  routes,
  accountSections: [
    {
      page: '/account/security',
      name: 'trusted-devices',
      order: 20,
      load: async () => (await import('./pages/trusted-section.tsx')).trustedSection,
    },
  ],
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
