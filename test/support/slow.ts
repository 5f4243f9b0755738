import { inject, describe as vitestDescribe, test as vitestTest } from 'vitest';
import { describe as describeRace, test as testRace } from './races.ts';

const hasSlow = inject('hasSlow');

/**
 * `describe` and `test` for what is slow by its nature, such as tens of thousands of rows or a program that starts again:
 * `npm run test:full` runs it, and `npm run test:faults`; `npm test` does not.
 */
export const slowDescribe = vitestDescribe.runIf(hasSlow);
export const slowTest = vitestTest.runIf(hasSlow);

/** The same for what needs many connections as well. */
export const slowRaces = hasSlow ? describeRace : vitestDescribe.skip;
export const slowRace = hasSlow ? testRace : vitestTest.skip;
