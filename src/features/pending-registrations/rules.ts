import type { FeatureRules } from '../../feature.ts';
import { cleanupExpiredPendingRegistrations } from './clean-up.sql.ts';

/** Its rows name no user: they are of an address, and end when somebody proves it. */
export const rules: FeatureRules = {
  cleanUps: [
    { rows: 'registration_attempts', change: 'deleted', runBatch: cleanupExpiredPendingRegistrations },
  ],
};
