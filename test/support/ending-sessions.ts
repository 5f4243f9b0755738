import { sql } from '../../src/db/sql.ts';
import { query } from './database.ts';

/** Adds sessions of a user that end so many seconds from now. */
export async function addEndingSessions(userId: string, count: number, endsInSeconds: number): Promise<void> {
  await query(sql`
    INSERT INTO sessions (user_id, method, expires_at, absolute_expires_at)
    SELECT ${userId}::uuid, 'test', now() + make_interval(secs => ${endsInSeconds}::int), now() + interval '1 day'
    FROM generate_series(1, ${count}::int)`);
}

/** How many of them there are. */
export async function countEndingSessions(): Promise<number> {
  const [row] = await query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM sessions WHERE method = 'test'`,
  );
  return row?.count ?? 0;
}
