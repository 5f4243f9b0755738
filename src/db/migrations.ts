import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { Fragment, sql } from './sql.ts';

/** One file of `migrations/`. */
export interface Migration {
  /** The file's name without its ending, such as `0001_earlier_schema`; the order is that of the names. */
  readonly name: string;
  readonly sql: string;
}

/** The state of one migration in a database. `changed` means that the file was edited after it was applied. */
export interface MigrationStatus {
  readonly name: string;
  readonly state: 'applied' | 'pending' | 'changed';
  readonly appliedAt: Date | null;
}

/** What the runner needs of a database client. */
export interface StatementRunner {
  query<Row>(statement: Fragment): Promise<Row[]>;
  /** Runs the statements in one READ COMMITTED transaction and one round trip. */
  batch(statements: readonly Fragment[]): Promise<Record<string, unknown>[][]>;
}

/** A migration that cannot be applied; the message tells the operator which one and why. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly migration: string;
  /** The migrations that the same run had applied before. */
  readonly applied: readonly string[];

  constructor(
    migration: string,
    reason: string,
    { cause, applied = [] }: { readonly cause?: unknown; readonly applied?: readonly string[] } = {},
  ) {
    super(`migration ${migration}: ${reason}`, { cause });
    this.migration = migration;
    this.applied = applied;
  }
}

interface AppliedRow {
  readonly name: string;
  readonly checksum: string;
  readonly applied_at: Date;
}

/** Any constant will do, as long as every runner uses the same one. */
const lockKey = 7_310_595_019_274_121n;

/**
 * Applies the pending migrations in the order of their names and returns the names of those that this run applied.
 * Each file is one transaction and one round trip. Concurrent runners wait for each other, and each file is applied
 * once.
 *
 * @throws MigrationError when a landed file was edited (then nothing is applied) or when PostgreSQL refuses one (then
 * that file has changed nothing and later ones are not tried)
 */
export async function migrate(
  database: StatementRunner,
  migrations: readonly Migration[],
): Promise<string[]> {
  const statuses = await migrationStatus(database, migrations);
  for (const { name, state } of statuses) {
    if (state === 'changed') throw editedError(name);
  }
  const pending = new Set(statuses.filter(({ state }) => state === 'pending').map(({ name }) => name));
  const applied: string[] = [];
  for (const migration of inOrder(migrations)) {
    if (pending.has(migration.name) && (await apply(database, migration, applied)))
      applied.push(migration.name);
  }
  return applied;
}

/** Compares the files with what the database has recorded. Changes nothing; at most two round trips. */
export async function migrationStatus(
  database: StatementRunner,
  migrations: readonly Migration[],
): Promise<MigrationStatus[]> {
  const [table] = await database.query<{ exists: boolean }>(
    sql`SELECT to_regclass('schema_migrations') IS NOT NULL AS exists`,
  );
  const rows = table?.exists
    ? await database.query<AppliedRow>(sql`SELECT name, checksum, applied_at FROM schema_migrations`)
    : [];
  const recorded = new Map(rows.map((row) => [row.name, row]));
  return inOrder(migrations).map((migration) => {
    const row = recorded.get(migration.name);
    if (!row) return { name: migration.name, state: 'pending', appliedAt: null };
    const state = row.checksum === checksumOf(migration) ? 'applied' : 'changed';
    return { name: migration.name, state, appliedAt: row.applied_at };
  });
}

/** False when another runner was faster. */
async function apply(
  database: StatementRunner,
  migration: Migration,
  applied: readonly string[],
): Promise<boolean> {
  let results: Record<string, unknown>[][];
  try {
    results = await database.batch([
      // Comes first: even CREATE TABLE IF NOT EXISTS fails when two runners execute it at once. READ COMMITTED lets
      // the statements after it see what the previous holder of the lock committed.
      sql`SELECT pg_advisory_xact_lock(${lockKey}::bigint)`,
      sql`CREATE TABLE IF NOT EXISTS schema_migrations (
        name text PRIMARY KEY,
        checksum text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
      )`,
      sql`SELECT checksum FROM schema_migrations WHERE name = ${migration.name}`,
      applyOnce(migration),
    ]);
  } catch (error) {
    throw new MigrationError(migration.name, describe(error, migration), { cause: error, applied });
  }
  const recorded = results[2]?.[0];
  if (recorded && recorded.checksum !== checksumOf(migration)) throw editedError(migration.name, applied);
  return recorded === undefined;
}

/**
 * Runs the file and records it, unless that has already happened. A DO block takes no parameters, so its text is
 * composed from our own files, a validated name and a hexadecimal checksum. EXECUTE takes the file as a whole, so it
 * is never split at semicolons.
 */
function applyOnce(migration: Migration): Fragment {
  const block = `
BEGIN
  IF NOT EXISTS (SELECT FROM schema_migrations WHERE name = '${migration.name}') THEN
    EXECUTE ${dollarQuote(migration.sql)};
    INSERT INTO schema_migrations (name, checksum) VALUES ('${migration.name}', '${checksumOf(migration)}');
  END IF;
END`;
  return new Fragment([`DO ${dollarQuote(block)}`], []);
}

/** Quotes with a tag that does not occur in the text, not even across its end. */
function dollarQuote(text: string): string {
  let n = 0;
  while (text.includes(`$m${n}`)) n++;
  return `$m${n}$${text}$m${n}$`;
}

function inOrder(migrations: readonly Migration[]): Migration[] {
  for (const { name } of migrations) {
    if (!/^\d{4}_[a-z0-9_]+$/.test(name)) {
      throw new MigrationError(name, 'the name must look like 0001_what_it_does');
    }
  }
  return migrations.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** With normalised line endings, so that a checkout on Windows does not look like an edit. */
function checksumOf(migration: Migration): string {
  return bytesToHex(sha256(utf8ToBytes(migration.sql.replaceAll('\r\n', '\n'))));
}

function editedError(name: string, applied: readonly string[] = []): MigrationError {
  return new MigrationError(
    name,
    'the file differs from what was applied. Landed migrations are never edited: restore it and add a new file.',
    { applied },
  );
}

/** PostgreSQL's message with everything that helps to find the place; other errors unchanged. */
function describe(error: unknown, migration: Migration): string {
  const { message, detail, hint, internalQuery, internalPosition } = databaseErrorIn(error);
  // The migration's own report: one line per row, and what to do about them.
  if (detail?.startsWith('  ')) return [message, detail, hint].filter(Boolean).join('\n');
  const parts = [message ?? String(error)];
  if (internalQuery === migration.sql && internalPosition !== undefined) {
    const before = [...internalQuery].slice(0, Number(internalPosition)).join('');
    parts.push(`line ${before.split('\n').length}`);
  }
  if (detail) parts.push(`detail: ${detail}`);
  if (hint) parts.push(`hint: ${hint}`);
  return parts.join('; ');
}

interface DatabaseErrorFields {
  readonly message?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly internalQuery?: string;
  readonly internalPosition?: string;
}

/** The innermost error is the database's own; clients wrap it. */
function databaseErrorIn(error: unknown): DatabaseErrorFields {
  if (!(error instanceof Error)) return {};
  return error.cause instanceof Error ? databaseErrorIn(error.cause) : error;
}
