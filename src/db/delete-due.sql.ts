import type { Database } from './client.ts';
import { type Fragment, identifier, sql } from './sql.ts';

/** Which rows of a table are over. Its names are ours: a rule of the architecture knows the table by `table`. */
interface DueRows {
  readonly table: string;
  /** The column that names a row; `id` by default. */
  readonly key?: string;
  /** The column of the time by which they are over, which has an index. */
  readonly at: string;
  /** They are over once that time has come, or one before now: a timestamptz. */
  readonly until?: Fragment;
  /** A further condition over the row `d`. */
  readonly where?: Fragment;
}

/**
 * Makes a clean-up that deletes up to `limit` rows that are over, in one statement, and returns how many. Rows that others
 * have locked are skipped, so that parallel runs share the work instead of waiting. The rows are named by an array: for a
 * join PostgreSQL may read the whole table in every batch.
 */
export function deletesDue(name: string, { table, key = 'id', at, until = sql`now()`, where }: DueRows) {
  const [from, id, time] = [identifier(table), identifier(key), identifier(at)];
  const further = where === undefined ? sql`` : sql`AND ${where}`;
  return async (db: Database, limit: number): Promise<number> => {
    const statement = sql<{ deleted: number }>`
      WITH due AS (
        SELECT d.${id} FROM ${from} d WHERE d.${time} <= ${until} ${further}
        ORDER BY d.${time} LIMIT ${limit}::int FOR UPDATE SKIP LOCKED
      ), deleted AS (
        DELETE FROM ${from} x WHERE x.${id} = ANY (ARRAY(SELECT y.${id} FROM due y)) RETURNING 1
      )
      SELECT count(*)::int AS deleted FROM deleted`;
    const [row] = await db.query(name, statement);
    return row?.deleted ?? 0;
  };
}
