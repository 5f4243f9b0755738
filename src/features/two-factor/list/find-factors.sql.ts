import type { Database } from '../../../db/client.ts';
import { sql } from '../../../db/sql.ts';
import { isoTime } from '../../../db/texts.sql.ts';
import { type CallerIds, fromLiveSession } from '../../sessions/index.ts';

/** Times are ISO 8601, UTC. */
export interface FactorRow {
  /** Null in the one row of a caller without a second factor. */
  readonly id: string | null;
  readonly kind: string;
  readonly name: string;
  readonly addedAt: string;
  readonly lastUsedAt: string | null;
  readonly backup_codes_left: number;
}

/** Returns the caller's second factors, oldest first. Round trips: 1. Empty when the session is not live. */
export function findFactors(db: Database, caller: CallerIds): Promise<FactorRow[]> {
  const statement = sql<FactorRow>`
    SELECT f.id, f.kind, f.name, ${isoTime(sql`f.added_at`)} AS "addedAt", ${isoTime(sql`f.last_used_at`)} AS "lastUsedAt",
      (SELECT count(*)::int FROM backup_codes b WHERE b.user_id = c.user_id AND b.used_at IS NULL) AS backup_codes_left
    FROM (SELECT s.user_id ${fromLiveSession(caller)}) c
    LEFT JOIN factors f ON f.user_id = c.user_id AND f.added_at IS NOT NULL
    ORDER BY f.added_at, f.id`;
  return db.query('find-factors', statement, { isIdempotent: true });
}
