import type { Database } from './client.ts';

/**
 * Runs a statement once more when it was retried and returned nothing: the first try may still have been running and
 * holding the rows, so that the retry did not see its changes. The next run does.
 */
export async function rerunAfterRetry<Row>(
  db: Database,
  run: () => Promise<Row | null>,
): Promise<Row | null> {
  const tripsBefore = db.roundTrips;
  const row = await run();
  return row === null && db.roundTrips > tripsBefore + 1 ? run() : row;
}
