import type { Deps } from '../../deps.ts';
import type { SecondFactor } from '../../joints/second-factor.ts';
import { asksForTwoFactor, isTwoFactorResetDue, twoFactorSince } from '../users/index.ts';
import { endLapsedFactor } from './operator-reset/end-due-resets.ts';
import { methodsLeft } from './two-factor.sql.ts';

/** Two-factor, as every sign-in and every gate learns of it. */
export const twoFactor: SecondFactor<Deps> = {
  isAskedFor: asksForTwoFactor,
  since: twoFactorSince,
  methods: methodsLeft,
  hasLapsed: isTwoFactorResetDue,
  endLapsed: endLapsedFactor,
};
