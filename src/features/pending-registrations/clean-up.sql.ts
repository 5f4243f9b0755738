import type { Database } from '../../db/client.ts';
import { sql } from '../../db/sql.ts';

/**
 * Deletes up to `limit` expired pending registrations in one statement (CRN-05). Rows that another run or a
 * verification has locked are skipped.
 * @returns how many were deleted
 */
export async function cleanupExpiredPendingRegistrations(db: Database, limit: number): Promise<number> {
  const statement = sql<{ deleted: number }>`
    WITH due AS (
      SELECT r.id FROM registration_attempts r WHERE r.expires_at <= now()
      ORDER BY r.expires_at LIMIT ${limit}::int FOR UPDATE SKIP LOCKED
    ), deleted AS (
      DELETE FROM registration_attempts r WHERE r.id = ANY (ARRAY(SELECT d.id FROM due d)) RETURNING 1
    )
    SELECT count(*)::int AS deleted FROM deleted`;
  const [row] = await db.query('clean-up-pending-registrations', statement);
  return row?.deleted ?? 0;
}
