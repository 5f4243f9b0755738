import type { Database } from '../../../db/client.ts';
import { deletesDue } from '../../../db/delete-due.sql.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import { type ReplacedText, replaceTexts } from '../../../db/texts.sql.ts';
import { setupSeconds } from '../setup/set-up.sql.ts';

/** A sealed secret, and the row to which it is bound. */
export interface SealedRow {
  readonly id: string;
  readonly user_id: string;
  readonly secret_sealed: string;
}

/** Finds up to `limit` secrets that are sealed in this way. Round trips: 1. */
export function findSecretsSealedBy(db: Database, prefix: string, limit: number): Promise<SealedRow[]> {
  const statement = sql<SealedRow>`SELECT f.id, f.user_id, f.secret_sealed FROM factors f WHERE ${isSealedBy(prefix)} LIMIT ${limit}::int`;
  return db.query('find-secrets-sealed-by', statement, { isIdempotent: true });
}

/** Counts the secrets that are sealed in this way. Round trips: 1. */
export async function countSecretsSealedBy(db: Database, prefix: string): Promise<number> {
  const statement = sql<{ count: number }>`
    SELECT count(*)::int AS count FROM factors f WHERE ${isSealedBy(prefix)}`;
  const [row] = await db.query('count-secrets-sealed-by', statement, { isIdempotent: true });
  return row?.count ?? 0;
}

/** Replaces sealed secrets, if the row still has the one before. Rows that others have locked are skipped. Round trips: 1. */
export async function replaceSecrets(db: Database, replacements: readonly ReplacedText[]): Promise<void> {
  const statement = replaceTexts(sql`factors`, sql`secret_sealed`, replacements);
  await db.query('replace-secrets', statement, { isIdempotent: true });
}

/** Deletes setups of which the first code never came. */
export const cleanupSetups = deletesDue('clean-up-two-factor-setups', {
  table: 'factors',
  at: 'created_at',
  until: sql`now() - make_interval(secs => ${setupSeconds}::int)`,
  where: sql`d.added_at IS NULL`,
});

/** A range, so that the index finds them: the prefix ends in a dot, and a slash follows that in the collation "C". */
function isSealedBy(prefix: string): Fragment {
  return sql`f.secret_sealed >= ${prefix} AND f.secret_sealed < ${`${prefix.slice(0, -1)}/`}`;
}
