import { MigrationError } from './migration-error.ts';
import type { Migration } from './migration-run.ts';

/** What a file builds whose name ends in `_concurrently`. */
export interface IndexFile {
  readonly index: string;
  readonly table: string;
  readonly isUnique: boolean;
}

const statement =
  /^CREATE\s+(UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+([a-z]\w{0,62})\s+ON\s+(?!ONLY\b)([a-z]\w{0,62})(?=[\s(])[^;]*;?$/i;

/** Whether a migration builds one index with CREATE INDEX CONCURRENTLY, which cannot run inside a transaction. */
export function isIndexMigration(name: string): boolean {
  return name.endsWith('_concurrently');
}

/** @throws MigrationError unless the file is one CREATE INDEX CONCURRENTLY that can be repeated */
export function readIndexFile({ name, sql: text }: Migration): IndexFile {
  const bare = text.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ').trim();
  const [, unique, index, table] = statement.exec(bare) ?? [];
  if (index === undefined || table === undefined) {
    throw new MigrationError(
      name,
      'a file whose name ends in _concurrently holds exactly one statement, CREATE [UNIQUE] INDEX CONCURRENTLY name ' +
        'ON table ..., with plain names, without IF NOT EXISTS, which would take an invalid index for a valid one, ' +
        'and without a semicolon before its end',
    );
  }
  return { index: index.toLowerCase(), table: table.toLowerCase(), isUnique: unique !== undefined };
}
