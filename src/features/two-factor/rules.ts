import type { FeatureRules } from '../../feature.ts';
import { factorCredentials } from './close-factors.sql.ts';
import { secondStepCredentials } from './close-second-steps.sql.ts';
import { twoFactor } from './factor.ts';
import { endDueResets } from './operator-reset/end-due-resets.ts';
import { secondFactorMethods } from './reauthentication/second-factor-methods.ts';
import { cleanupSetups } from './setup/set-up.sql.ts';
import { resealSecrets } from './totp-secret.ts';
import { exportedTwoFactor } from './two-factor.sql.ts';

const ofUser = { columns: ['user_id'], atExport: { part: 'twoFactor' }, atDeletion: 'cascade' } as const;

export const rules: FeatureRules = {
  secondFactors: [twoFactor],
  reauthentications: secondFactorMethods,
  credentials: [factorCredentials, secondStepCredentials],
  tables: [
    { name: 'factors', ...ofUser, atTakeOver: 'closed' },
    { name: 'backup_codes', ...ofUser, atTakeOver: 'closed' },
    {
      name: 'second_factor_devices',
      ...ofUser,
      atTakeOver: { kept: 'counts of wrong codes, which only a right one gives back' },
    },
  ],
  exportParts: [exportedTwoFactor],
  cleanUps: [
    { rows: 'factors', change: 'deleted', runBatch: cleanupSetups },
    resealSecrets,
    { rows: 'users.two_factor_reset_at', change: 'ended', runBatch: endDueResets },
  ],
};
