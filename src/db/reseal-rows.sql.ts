import type { Keyring } from '../crypto/keyring.ts';
import { reseal, sealedPrefix } from '../crypto/seal.ts';
import type { Database } from './client.ts';
import { type Fragment, identifier, join, sql } from './sql.ts';

/** A column of sealed texts. Its names are ours. */
interface SealedColumn<Bound extends string> {
  /** The table and the column, with a dot between them. */
  readonly rows: `${string}.${string}`;
  /** Columns of the row to which a text is bound, beside `id`. */
  readonly boundTo?: readonly Bound[];
  readonly associatedData: (row: Readonly<Record<Bound | 'id', string>>) => string;
  /** What holds for each row with a sealed text: a condition over `x`. */
  readonly where?: Fragment;
}

interface ReplacedText {
  readonly id: string;
  readonly before: string;
  readonly after: string;
}

/**
 * Makes a clean-up that seals the texts of a column anew with the current key, so that the previous one can be removed
 * (SUP-04). One that does not open is left alone, and counted in the log. Round trips of a batch: 0 without a previous key,
 * else 1 and, when any opened, 1 more.
 */
export function resealsRows<Bound extends string = never>(
  name: string,
  { rows, boundTo = [], associatedData, where = sql`true` }: SealedColumn<Bound>,
) {
  const [table, text] = rows.split('.').map(identifier) as [Fragment, Fragment];
  const columns = join(
    ['id', ...boundTo].map((bound) => sql`x.${identifier(bound)}`),
    ', ',
  );

  return {
    rows,
    change: 'renewed' as const,

    async runBatch(db: Database, limit: number, keyring: Keyring): Promise<number> {
      if (keyring.previous === null) return 0;
      const statement = sql<Record<Bound | 'id' | 'sealed', string>>`
        SELECT ${columns}, x.${text} AS sealed FROM ${table} x
        WHERE ${where} AND ${isSealedBy(text, sealedPrefix(keyring.previous))} LIMIT ${limit}::int`;
      const found = await db.query(name, statement, { isIdempotent: true });
      const texts = await Promise.all(found.map((row) => reseal(keyring, row.sealed, associatedData(row))));
      const replacements = found.flatMap(({ id, sealed: before }, n) => {
        const after = texts[n] ?? null;
        return after === null ? [] : [{ id, before, after }];
      });
      if (replacements.length > 0)
        await db.query(name, replaceTexts(table, text, replacements), { isIdempotent: true });
      return replacements.length;
    },

    async countLeft(db: Database, { previous }: Keyring): Promise<Readonly<Record<string, number>>> {
      if (previous === null) return {};
      const left = sql<{ count: number }>`
        SELECT count(*)::int AS count FROM ${table} x WHERE ${where} AND ${isSealedBy(text, sealedPrefix(previous))}`;
      const [row] = await db.query(name, left, { isIdempotent: true });
      return { sealedWithPrevious: row?.count ?? 0 };
    },
  };
}

/** A range, so that an index finds them: the prefix ends in a dot, and a slash follows that in the collation "C". */
function isSealedBy(column: Fragment, prefix: string): Fragment {
  return sql`x.${column} COLLATE "C" >= ${prefix} AND x.${column} COLLATE "C" < ${`${prefix.slice(0, -1)}/`}`;
}

/** Replaces texts where the row still has the one before. Rows that others have locked are skipped. */
function replaceTexts(table: Fragment, column: Fragment, replacements: readonly ReplacedText[]): Fragment {
  const [ids, before, after] = (['id', 'before', 'after'] as const).map((name) =>
    replacements.map((replacement) => replacement[name]),
  );
  return sql`
    WITH held AS MATERIALIZED (
      SELECT x.id, r.after
      FROM ${table} x JOIN unnest(${ids}::uuid[], ${before}::text[], ${after}::text[]) AS r (id, before, after)
        ON r.id = x.id AND r.before = x.${column}
      FOR NO KEY UPDATE OF x SKIP LOCKED
    )
    UPDATE ${table} x SET ${column} = h.after FROM held h WHERE x.id = h.id`;
}
