import type { Gate } from '../../../joints/gate.ts';
import { userErrors } from '../errors.ts';
import { isOutOfRecovery } from './recovery.sql.ts';

/**
 * The gate of an account that is being recovered (LNK-15): its owner has put somebody out, or somebody guesses its second
 * factor, and who is who shows when a reset by mail is completed. Until then nobody who is in changes how one gets in. It is
 * the first gate: no further proof opens it.
 */
export const recoveryGate: Gate = {
  name: 'recovery',
  condition: (_s, u) => isOutOfRecovery(u),
  refuse: () => userErrors.recovery_required(),
};
