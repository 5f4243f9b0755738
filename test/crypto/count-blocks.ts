import { argon2Core } from '../../src/crypto/argon2-core.ts';

/**
 * Runs the work and counts the Argon2 blocks that it computes. This is the cost of hashing as a number that a busy
 * machine does not change: 38910 for one hash with the live parameters.
 */
export async function countBlocks(work: () => Promise<unknown>): Promise<number> {
  const core = argon2Core();
  const { functions } = core;
  let count = 0;
  const getLZ: typeof functions.getLZ = (...parameters) => {
    count++;
    functions.getLZ(...parameters);
  };
  Object.assign(core, { functions: { ...functions, getLZ } });
  try {
    await work();
  } finally {
    Object.assign(core, { functions });
  }
  return count;
}
