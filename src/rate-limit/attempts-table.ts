import type { FeatureRules } from '../feature.ts';
import { forgetUsers } from './attempts.sql.ts';
import { cleanupExpiredAttempts } from './give-attempt-back.sql.ts';

/**
 * What the counters have to say as the owners of a table. A bucket names a user by the id where an account has no address
 * key, and where something is counted per account; what counts under an address stays until its window ends.
 */
export const attemptCounters: FeatureRules = {
  tables: [
    {
      name: 'login_attempts',
      columns: ['bucket'],
      atExport: { none: 'counts of the last minutes, under a hash or the id' },
      atDeletion: { step: 'forgetCounters', statement: forgetUsers },
      atTakeOver: { step: 'forgetCounters', statement: forgetUsers },
    },
  ],
  cleanUps: [{ rows: 'login_attempts', change: 'deleted', runBatch: cleanupExpiredAttempts }],
};
