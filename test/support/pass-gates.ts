import type { Fragment } from '../../src/db/sql.ts';
import { openDatabase } from './database.ts';

/** For each gate that a feature brings, a statement by which a user passes it. */
const statements: readonly ((userId: string) => Fragment)[] = [];

/** Lets an account of the tests pass every gate, as one does that has done what they ask for. */
export async function passEveryGate(databaseUrl: string, userId: string): Promise<void> {
  if (statements.length === 0) return;
  await openDatabase(databaseUrl).batch(statements.map((statement) => statement(userId)));
}
