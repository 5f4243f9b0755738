import type { Database } from '../../../db/client.ts';
import { sql } from '../../../db/sql.ts';
import { type EventPosition, type EventRow, eventsOf } from '../../security-events/index.ts';
import { type CallerIds, fromLiveSession } from '../../sessions/index.ts';

/**
 * Returns up to `limit` events of the caller, newest first, those after the position `after` if it is given. Only the
 * caller's events are read, whoever's event the position is from. Round trips: 1. Null when the session is no longer
 * live.
 */
export async function findOwnEvents(
  db: Database,
  caller: CallerIds,
  after: EventPosition | null,
  limit: number,
): Promise<EventRow[] | null> {
  // A live caller without events gives one row of nulls.
  const rows = await db.query<EventRow | { readonly id: null }>(
    'find-own-events',
    sql`
      WITH caller AS MATERIALIZED (SELECT s.user_id ${fromLiveSession(caller)})
      SELECT n.* FROM caller c LEFT JOIN LATERAL (${eventsOf(sql`c`, after, limit)}) AS n ON true
      ORDER BY n.at DESC, n.id DESC`,
    { isIdempotent: true },
  );
  return rows.length === 0 ? null : rows.filter((row) => row.id !== null);
}
