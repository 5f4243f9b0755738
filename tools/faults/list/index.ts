import type { PlantedFault } from '../planted-fault.ts';
import { accountFaults } from './accounts.ts';
import { operationFaults } from './operation.ts';
import { requestFaults } from './requests.ts';
import { proofFaults } from './second-factors-and-providers.ts';
import { sessionFaults } from './sessions.ts';

/** The planted faults: the subtlest one for each thing that a change could break without being seen. */
export const plantedFaults: readonly PlantedFault[] = [
  ...sessionFaults,
  ...accountFaults,
  ...proofFaults,
  ...requestFaults,
  ...operationFaults,
];
