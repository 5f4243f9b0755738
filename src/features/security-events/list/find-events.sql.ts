import type { Database } from '../../../db/client.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import { type EventPosition, type EventRow, eventsOf } from '../record-events.sql.ts';

/**
 * Returns up to `limit` events of the user in `owner`, a sub-select with `user_id`, newest first, those after the position
 * `after` if it is given. Only that user's events are read, whoever's event the position is from. Round trips: 1. Null
 * when `owner` is empty.
 */
export async function findEvents(
  db: Database,
  owner: Fragment,
  after: EventPosition | null,
  limit: number,
): Promise<EventRow[] | null> {
  // An owner without events gives one row of nulls.
  const statement = sql<EventRow | { readonly id: null }>`
    WITH owner AS MATERIALIZED (${owner})
    SELECT n.* FROM owner o LEFT JOIN LATERAL (${eventsOf(sql`o`, after, limit)}) AS n ON true
    ORDER BY n.at DESC, n.id DESC`;
  const rows = await db.query('find-events', statement, { isIdempotent: true });
  return rows.length === 0 ? null : rows.filter((row) => row.id !== null);
}
