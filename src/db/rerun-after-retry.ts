import type { Database } from './client.ts';

/**
 * Runs a statement once more where it came back empty after the client had repeated it: a first try that is still running
 * by then holds the rows, and its repeat does not see what it made. The next look does.
 */
export async function rerunAfterRetry<Row>(
  db: Database,
  run: () => Promise<Row | null>,
): Promise<Row | null> {
  const tripsBefore = db.roundTrips;
  const row = await run();
  return row === null && db.roundTrips > tripsBefore + 1 ? run() : row;
}
