import { buildIndex } from './migrations/build-index.ts';
import { isIndexMigration, readIndexFile } from './migrations/index-file.ts';
import {
  describeRefusal,
  editedError,
  MigrationError,
  sqlstateOf,
  whoIsInTheWay,
} from './migrations/migration-error.ts';
import { defaultLimits, type MigrationLimits, pauseAbout } from './migrations/migration-limits.ts';
import {
  checksumOf,
  createRecord,
  findRecorded,
  setLockTimeout,
  waitForOtherRunners,
} from './migrations/migration-record.ts';
import type { DirectConnection, Migration, Run, StatementRunner } from './migrations/migration-run.ts';
import { Fragment, sql } from './sql.ts';

export type { DirectConnection, Migration, StatementRunner };

/** The state of one migration in a database. `changed` means that the file was edited after it was applied. */
export interface MigrationStatus {
  readonly name: string;
  readonly state: 'applied' | 'pending' | 'changed';
  readonly appliedAt: Date | null;
}

export interface MigrateOptions {
  /**
   * Opens the connection for index builds; left out, they go over `database` like everything else, where the call may
   * end before the build does.
   */
  readonly openDirect?: (() => Promise<DirectConnection>) | undefined;
  /** Who runs, as others read it who find the lease of an index build. */
  readonly runner?: string;
  /** Gets a line at each retry and while somebody is waited for. */
  readonly log?: (line: string) => void;
  readonly limits?: Partial<MigrationLimits>;
}

interface AppliedRow {
  readonly name: string;
  readonly checksum: string;
  readonly applied_at: Date;
}

/**
 * Applies the pending migrations in the order of their names and returns the names of those that this run applied.
 * Each file is one transaction and one round trip, but for index builds (`..._concurrently`), which no transaction can
 * hold. Concurrent runners wait for each other, and each file is applied once. No file waits for a lock on a table for
 * long, since the service would wait behind it: it is tried again a few times (CRN-09).
 *
 * @throws MigrationError when a landed file was edited (then nothing is applied), when PostgreSQL refuses one or its
 * locks are not given (then that file has changed nothing and later ones are not tried), or when another runner builds
 * the same index for long
 */
export async function migrate(
  database: StatementRunner,
  migrations: readonly Migration[],
  options: MigrateOptions = {},
): Promise<string[]> {
  const statuses = await migrationStatus(database, migrations);
  for (const { name, state } of statuses) {
    if (state === 'changed') throw editedError(name);
  }
  const pending = new Set(statuses.filter(({ state }) => state === 'pending').map(({ name }) => name));
  const applied: string[] = [];
  const run: Run = {
    database,
    applied,
    openDirect: options.openDirect,
    runner: options.runner ?? 'another run',
    log: options.log ?? (() => undefined),
    limits: { ...defaultLimits, ...options.limits },
  };
  for (const migration of inOrder(migrations)) {
    if (!pending.has(migration.name)) continue;
    const isApplied = isIndexMigration(migration.name)
      ? await buildIndex(run, migration, new Fragment([migration.sql], []))
      : await applyInTransaction(run, migration);
    if (isApplied) applied.push(migration.name);
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
    const state = row.checksum === checksumOf(migration.sql) ? 'applied' : 'changed';
    return { name: migration.name, state, appliedAt: row.applied_at };
  });
}

/** False when another runner was faster. */
async function applyInTransaction(run: Run, migration: Migration): Promise<boolean> {
  const { attemptsMax, lockTimeoutMs, pauseMs } = run.limits;
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryToApply(run, migration);
    } catch (error) {
      if (error instanceof MigrationError) throw error;
      const { applied } = run;
      const reason = describeRefusal(error, migration.sql);
      if (!isAboutLocks(error)) {
        throw new MigrationError(migration.name, `${reason}${hintAt(error)}`, { cause: error, applied });
      }
      if (attempt >= attemptsMax) {
        const tries = `${attemptsMax} ${attemptsMax === 1 ? 'try' : 'tries'} of ${lockTimeoutMs / 1000} s`;
        throw new MigrationError(
          migration.name,
          `a lock on a table was not given within ${tries} (${reason}). Nothing of this file was changed. ${whoIsInTheWay}`,
          { cause: error, applied, isTemporary: true },
        );
      }
      run.log(
        `${migration.name}: try ${attempt} of ${attemptsMax} was not given a lock: ${reason}; tries again`,
      );
      await pauseAbout(pauseMs);
    }
  }
}

async function tryToApply({ database, applied, limits }: Run, migration: Migration): Promise<boolean> {
  const results = await database.batch([
    ...waitForOtherRunners(),
    // From here on the locks are those of tables that the service uses: whoever comes after us waits behind us.
    setLockTimeout(limits.lockTimeoutMs),
    createRecord,
    findRecorded(migration.name),
    applyOnce(migration),
  ]);
  const recorded = results.at(-2)?.[0] as { readonly checksum: string } | undefined;
  if (recorded && recorded.checksum !== checksumOf(migration.sql)) throw editedError(migration.name, applied);
  return recorded === undefined;
}

/** A lock that was not given in time or at once, or a deadlock, of which we were the victim. */
function isAboutLocks(error: unknown): boolean {
  return ['55P03', '40P01'].includes(sqlstateOf(error) ?? '');
}

/** 25001: the statement cannot run inside a transaction. */
function hintAt(error: unknown): string {
  if (sqlstateOf(error) !== '25001') return '';
  return '; the name of a file that builds an index concurrently ends in _concurrently.sql';
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
    INSERT INTO schema_migrations (name, checksum) VALUES ('${migration.name}', '${checksumOf(migration.sql)}');
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
  for (const migration of migrations) {
    if (isIndexMigration(migration.name)) readIndexFile(migration);
  }
  return migrations.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
