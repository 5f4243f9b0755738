const batchSize = 1000;
const batchesMax = 20;

/**
 * Deletes expired rows in batches of bounded size; what is left over waits for the next run. Repeating it is harmless,
 * and runs side by side share the work.
 *
 * @param deleteBatch Deletes at most that many rows and says how many it found.
 * @returns how many were deleted
 */
export async function sweepInBatches(deleteBatch: (limit: number) => Promise<number>): Promise<number> {
  let total = 0;
  for (let batch = 0; batch < batchesMax; batch++) {
    const deleted = await deleteBatch(batchSize);
    total += deleted;
    if (deleted < batchSize) break;
  }
  return total;
}
