import { inject, describe as vitestDescribe, test as vitestTest } from 'vitest';

const hasManyConnections = inject('databaseKind') === 'postgres';

/** `describe` and `test` for what needs a server with many connections: PGlite has one, and skips it. */
export const describe = vitestDescribe.runIf(hasManyConnections);
export const test = vitestTest.runIf(hasManyConnections);

/**
 * How often a race is run: a tenth of `full`, and `full` in `npm run test:full`. As long as `isOneSided`, since nothing has
 * come out as it does the other way round, the race goes on to `full`.
 */
export function roundsOf(full: number, isOneSided = false): number {
  return inject('isFull') || isOneSided ? full : Math.max(3, Math.ceil(full / 10));
}
