import { openDatabase } from './database.ts';
import { broughtGates } from './feature-examples.ts';

/** Lets an account of the tests pass every gate that a feature brings, as one does that has done what they ask for. */
export async function passEveryGate(databaseUrl: string, userId: string): Promise<void> {
  if (broughtGates.length === 0) return;
  await openDatabase(databaseUrl).batch(broughtGates.map((statement) => statement(userId)));
}
