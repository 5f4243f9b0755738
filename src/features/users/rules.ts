import type { FeatureRules } from '../../feature.ts';
import { exportedUser } from './account.sql.ts';
import { userCredentials } from './close-user.sql.ts';
import { recoveryGate } from './recovery/recovery-gate.ts';

export const rules: FeatureRules = {
  gates: [recoveryGate],
  credentials: [userCredentials],
  tables: [
    {
      name: 'users',
      columns: ['id'],
      atExport: { part: 'user' },
      atDeletion: { kept: 'it is the row that a deletion deletes' },
      atTakeOver: { kept: 'its id alone: name, language and password are those of the new owner' },
    },
  ],
  exportParts: [exportedUser],
};
