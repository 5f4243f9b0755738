import type { Database } from '../../db/client.ts';
import { sql } from '../../db/sql.ts';

/** Pings the database. Round trips: 1, never retried. */
export async function ping(db: Database): Promise<void> {
  await db.query('ping-database', sql`SELECT 1 AS alive`);
}
