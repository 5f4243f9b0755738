import type { Database } from '../../db/client.ts';
import { deletesDue } from '../../db/delete-due.sql.ts';
import { sql } from '../../db/sql.ts';
import { eventDays, wholeAddressDays } from './retention.ts';

/** Deletes events after their retention. */
export const deleteOldEvents = deletesDue('delete-old-events', {
  ...{ table: 'security_events', at: 'at', until: sql`now() - make_interval(days => ${eventDays}::int)` },
});

/**
 * Shortens the addresses of up to `limit` events to their network, in one statement: /24 for IPv4, /48 for IPv6. The
 * length of the mask shows what is done: a whole address has 32 or 128 bits, and security_events_whole_address_idx
 * contains only these, so that each row is changed once. Rows that another run has locked are skipped, and so are
 * events after their retention: a lock here would make `deleteOldEvents`, which runs at the same time, pass over them.
 * @returns how many were shortened
 */
export async function shortenOldAddresses(db: Database, limit: number): Promise<number> {
  const statement = sql<{ shortened: number }>`
    WITH due AS (
      SELECT e.id FROM security_events e
      WHERE e.at <= now() - make_interval(days => ${wholeAddressDays}::int)
        AND e.at > now() - make_interval(days => ${eventDays}::int) AND masklen(e.ip_address) IN (32, 128)
      ORDER BY e.at LIMIT ${limit}::int FOR UPDATE SKIP LOCKED
    ), shortened AS (
      UPDATE security_events e
      SET ip_address = network(set_masklen(e.ip_address, CASE family(e.ip_address) WHEN 4 THEN 24 ELSE 48 END))
      WHERE e.id = ANY (ARRAY(SELECT d.id FROM due d))
      RETURNING e.id
    )
    SELECT count(*)::int AS shortened FROM shortened`;
  const [row] = await db.query('shorten-old-addresses', statement);
  return row?.shortened ?? 0;
}
