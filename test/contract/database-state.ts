import { type Fragment, identifier, join, sql } from '../../src/db/sql.ts';
import { databaseUrl, openDatabase } from '../support/database.ts';

/**
 * How many rows each table has, where they lie and which transaction made them: equal before and after means that nothing
 * was written, deleted or written again. What was rolled back, or only locked, has left nothing.
 */
export function databaseState(url: string = databaseUrl(), leftOut: readonly string[] = []): Promise<string> {
  return readTables(
    url,
    leftOut,
    sql`count(*) || ' ' || coalesce(sum(hashtidextended(t.ctid, t.xmin::text::bigint)), 0)`,
  );
}

/** All rows of all tables but those left out, as one text. */
export function databaseRows(url: string, leftOut: readonly string[] = []): Promise<string> {
  return readTables(url, leftOut, sql`json_agg(t ORDER BY t::text)::text`);
}

async function readTables(url: string, leftOut: readonly string[], rows: Fragment): Promise<string> {
  const database = openDatabase(url);
  const tables = await database.query<{ name: string }>(sql`
    SELECT relname AS name FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname != ALL(${leftOut}::text[]) ORDER BY 1`);
  const contents = tables.map(
    ({ name }) => sql`SELECT ${name}::text AS name, ${rows} AS rows FROM ${identifier(name)} t`,
  );
  return JSON.stringify(await database.query(join(contents, ' UNION ALL ')), null, 1);
}
