import type { Database } from '../../db/client.ts';
import { sql } from '../../db/sql.ts';

/** Asks the database for a sign of life. Round trips: 1, never repeated. */
export async function ping(db: Database): Promise<void> {
  await db.query(sql`SELECT 1 AS alive`);
}
