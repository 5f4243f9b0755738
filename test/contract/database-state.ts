import { identifier, join, sql } from '../../src/db/sql.ts';
import { openDatabase } from '../support/database.ts';

/** All rows of all tables but those left out, as one text: equal before and after means that nothing changed. */
export async function databaseState(url: string, leftOut: readonly string[] = []): Promise<string> {
  const database = openDatabase(url);
  const tables = await database.query<{ name: string }>(
    sql`SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`,
  );
  const contents = tables
    .filter(({ name }) => !leftOut.includes(name))
    .map(({ name }) => {
      const table = identifier(name);
      return sql`SELECT ${name}::text AS name, json_agg(t ORDER BY t::text)::text AS rows FROM ${table} t`;
    });
  return JSON.stringify(await database.query(join(contents, ' UNION ALL ')), null, 1);
}
