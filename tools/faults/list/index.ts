import type { PlantedFault } from '../planted-fault.ts';
import { sessionFaults } from './sessions.ts';

/** Every planted fault, family by family. */
export const plantedFaults: readonly PlantedFault[] = [...sessionFaults];
