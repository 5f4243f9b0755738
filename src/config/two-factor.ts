import { integer, oneOf } from './parsers.ts';
import type { Variables } from './variable.ts';

const mode = oneOf(['optional', 'off']);

export const twoFactorVariables = {
  isOffered: {
    name: 'TWO_FACTOR',
    parse: (text: string) => mode(text) === 'optional',
    default: 'optional',
    meaning:
      'off: nobody can turn two-factor on, for a deployment of which an earlier version still serves a part; accounts that have it keep it',
  },
  /** From the operator's request until the reset is effective. */
  resetDelayHours: {
    name: 'TWO_FACTOR_RESET_DELAY_HOURS',
    parse: integer(1, 168),
    default: '24',
    meaning:
      "how long an operator's reset of two-factor can be stopped by the owner before it becomes effective",
  },
} as const satisfies Variables;
