import { type Fragment, identifier, sql } from '../sql.ts';
import type { IndexFile } from './index-file.ts';
import type { StatementRunner } from './migration-run.ts';

/** What runs statements one by one: a connection of its own, or HTTP. */
export type Session = Pick<StatementRunner, 'query'>;

/** What the database has under the name of an index. */
export interface IndexState {
  readonly is_on_table: boolean;
  readonly is_unique: boolean;
  /** False of what a build has left that did not come to its end, and of one that goes on. */
  readonly is_valid: boolean;
  /** The process that builds it right now. */
  readonly builder: number | null;
}

/** Looks for an index of that name in the schema of the table. */
export async function findIndex(session: Session, file: IndexFile): Promise<IndexState | undefined> {
  const [state] = await session.query<IndexState>(sql`
    SELECT i.indrelid = t.oid AS is_on_table, i.indisunique AS is_unique, i.indisvalid AS is_valid,
      (SELECT p.pid FROM pg_stat_progress_create_index p JOIN pg_database d ON d.oid = p.datid
       WHERE d.datname = current_database() AND p.index_relid = i.indexrelid LIMIT 1) AS builder
    FROM pg_class t JOIN pg_class c ON c.relnamespace = t.relnamespace AND c.relname = ${file.index}
    JOIN pg_index i ON i.indexrelid = c.oid
    WHERE t.oid = to_regclass(${file.table})`);
  return state;
}

/** Drops the index, without keeping anybody from the table. */
export function dropIndex({ index }: IndexFile): Fragment {
  return sql`DROP INDEX CONCURRENTLY IF EXISTS ${identifier(index)}`;
}

/** How far a build on the table is, and the process whose transaction it waits for; null when there is none. */
export async function describeProgress(session: Session, { table }: IndexFile): Promise<string | null> {
  const [progress] = await session.query<{ phase: string; locker: string | null }>(sql`
    SELECT p.phase, nullif(p.current_locker_pid, 0)::text AS locker
    FROM pg_stat_progress_create_index p JOIN pg_database d ON d.oid = p.datid
    WHERE d.datname = current_database() AND p.relid = to_regclass(${table}) LIMIT 1`);
  if (progress === undefined) return null;
  return progress.locker === null ? progress.phase : `${progress.phase}, behind process ${progress.locker}`;
}
