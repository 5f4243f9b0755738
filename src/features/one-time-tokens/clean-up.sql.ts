import type { Database } from '../../db/client.ts';
import { sql } from '../../db/sql.ts';

/**
 * Deletes up to `limit` expired tokens, consumed or not, in one statement. Rows that another run has locked are
 * skipped.
 * @returns how many were deleted
 */
export async function cleanupExpiredTokens(db: Database, limit: number): Promise<number> {
  const statement = sql<{ deleted: number }>`
    WITH due AS (
      SELECT t.token_hash FROM one_time_tokens t WHERE t.expires_at <= now()
      ORDER BY t.expires_at LIMIT ${limit}::int FOR UPDATE SKIP LOCKED
    ), deleted AS (
      DELETE FROM one_time_tokens t WHERE t.token_hash = ANY (ARRAY(SELECT d.token_hash FROM due d)) RETURNING 1
    )
    SELECT count(*)::int AS deleted FROM deleted`;
  const [row] = await db.query('clean-up-tokens', statement);
  return row?.deleted ?? 0;
}
