import type { PlantedFault } from '../planted-fault.ts';
import { accountFaults } from './accounts.ts';
import { addressFaults } from './addresses.ts';
import { configurationFaults } from './demo-and-configuration.ts';
import { emailCodeFaults } from './email-code.ts';
import { enumerationFaults } from './enumeration.ts';
import { failureFaults } from './failures.ts';
import { hostedPageFaults } from './hosted-pages.ts';
import { inputFaults } from './input.ts';
import { limitFaults } from './limits.ts';
import { answerFaults } from './one-answer.ts';
import { routeFaults } from './one-route.ts';
import { operationFaults } from './operation.ts';
import { pageFaults } from './pages.ts';
import { passwordFaults } from './passwords.ts';
import { refreshFaults } from './refresh.ts';
import { resetFaults } from './resets-and-privacy.ts';
import { sessionFaults } from './sessions.ts';
import { socialFaults } from './social.ts';
import { tokenFaults } from './tokens-and-cookies.ts';
import { twoFactorFaults } from './two-factor.ts';

/** Every planted fault: family by family, then by where it is. */
export const plantedFaults: readonly PlantedFault[] = [
  ...enumerationFaults,
  ...passwordFaults,
  ...sessionFaults,
  ...refreshFaults,
  ...tokenFaults,
  ...twoFactorFaults,
  ...socialFaults,
  ...emailCodeFaults,
  ...pageFaults,
  ...hostedPageFaults,
  ...accountFaults,
  ...addressFaults,
  ...resetFaults,
  ...limitFaults,
  ...inputFaults,
  ...operationFaults,
  ...failureFaults,
  ...configurationFaults,
  ...routeFaults,
  ...answerFaults,
];
