import { type Fragment, sql } from './sql.ts';

/** A time as the API formats it (ISO 8601, UTC), whatever the time zone of the connection; null stays null. */
export function isoTime(instant: Fragment): Fragment {
  return sql`to_char(${instant} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/** A text of a row, and what stands in its place. */
export interface ReplacedText {
  readonly id: string;
  readonly before: string;
  readonly after: string;
}

/** A statement that replaces texts of a column, where the row still has the one before. Rows that others have locked are skipped. */
export function replaceTexts(
  table: Fragment,
  column: Fragment,
  replacements: readonly ReplacedText[],
): Fragment {
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
