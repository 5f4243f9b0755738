import type { StatementRunner } from '../../../src/db/migrations.ts';
import { identifier, sql } from '../../../src/db/sql.ts';

/**
 * Every table with its definition and its rows; two equal dumps mean that nothing was written. What the runner of the
 * migrations records is left out.
 */
export async function dumpDatabase(database: StatementRunner): Promise<Record<string, unknown>> {
  const definitions = await database.query(sql`
    SELECT c.relname AS name, a.attname AS part, format_type(a.atttypid, a.atttypmod) AS text
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname NOT IN ('schema_migrations', 'schema_migration_leases') AND c.relkind = 'r'
    UNION ALL SELECT tablename, indexname, indexdef FROM pg_indexes
    WHERE schemaname = 'public' AND tablename NOT IN ('schema_migrations', 'schema_migration_leases')
    UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT IN ('schema_migrations', 'schema_migration_leases')
    UNION ALL SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    ORDER BY 1, 2`);
  return { definitions, rows: await rowsOf(database) };
}

/** The rows of every table by its name, each with the place and the transaction that tell of a rewrite. */
export async function rowsOf(database: StatementRunner): Promise<Record<string, unknown>> {
  const tables = await database.query<{ name: string }>(sql`
    SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
      AND relname NOT IN ('schema_migrations', 'schema_migration_leases') ORDER BY relname`);
  const entries = tables.map(async ({ name }) => {
    const rows = await database.query(
      sql`SELECT t.xmin::text, t.ctid::text, to_jsonb(t) AS row FROM ${identifier(name)} t ORDER BY to_jsonb(t)::text`,
    );
    return [name, rows] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
