import { sql } from '../sql.ts';
import { createRecord, findRecorded, waitForOtherRunners } from './migration-record.ts';
import type { StatementRunner } from './migration-run.ts';

/** What a runner finds that asks for the lease of a migration. */
export type LeaseAnswer =
  | { readonly kind: 'taken' }
  | { readonly kind: 'held'; readonly holder: string; readonly expiresAt: Date }
  | { readonly kind: 'recorded'; readonly checksum: string };

/** Who builds the index of which migration. */
export interface Lease {
  readonly migration: string;
  readonly holder: string;
  /** How long it lasts unless it is extended, in milliseconds. */
  readonly leaseMs: number;
}

const createLeases = sql`CREATE TABLE IF NOT EXISTS schema_migration_leases (
  migration text PRIMARY KEY,
  holder text NOT NULL,
  expires_at timestamptz NOT NULL
)`;

/**
 * Takes the lease unless the migration is recorded or another runner's lease is alive. One round trip, atomic: of two
 * runners one gets it. A row and not a lock, since no connection outlives its call.
 */
export async function takeLease(database: StatementRunner, lease: Lease): Promise<LeaseAnswer> {
  const { migration, holder } = lease;
  const results = await database.batch([
    ...waitForOtherRunners(),
    createRecord,
    createLeases,
    sql`INSERT INTO schema_migration_leases AS l (migration, holder, expires_at)
      SELECT ${migration}::text, ${holder}::text, ${endOf(lease)}
      WHERE NOT EXISTS (SELECT FROM schema_migrations WHERE name = ${migration})
      ON CONFLICT (migration) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
      WHERE l.expires_at <= clock_timestamp()`,
    sql`SELECT holder, expires_at FROM schema_migration_leases WHERE migration = ${migration}`,
    findRecorded(migration),
  ]);
  const [recorded] = results.at(-1) as { checksum: string }[];
  if (recorded) return { kind: 'recorded', checksum: recorded.checksum };
  const [row] = results.at(-2) as { holder: string; expires_at: Date }[];
  if (row === undefined || row.holder === holder) return { kind: 'taken' };
  return { kind: 'held', holder: row.holder, expiresAt: row.expires_at };
}

/** Makes the lease last for its whole time again, unless it has been lost. */
export async function extendLease(database: StatementRunner, lease: Lease): Promise<void> {
  await database.query(sql`UPDATE schema_migration_leases SET expires_at = ${endOf(lease)}
    WHERE migration = ${lease.migration} AND holder = ${lease.holder}`);
}

/** Gives the lease back. */
export async function releaseLease(database: StatementRunner, lease: Lease): Promise<void> {
  await database.query(deleteLease(lease));
}

/**
 * Records the migration and gives the lease back; false where another runner has recorded it. One transaction, alone:
 * a runner that asks for the lease at the same moment would otherwise get it for what it does not see recorded yet.
 */
export async function recordAndRelease(
  database: StatementRunner,
  lease: Lease,
  checksum: string,
): Promise<boolean> {
  const results = await database.batch([
    ...waitForOtherRunners(),
    sql`INSERT INTO schema_migrations (name, checksum) VALUES (${lease.migration}, ${checksum})
      ON CONFLICT (name) DO NOTHING RETURNING name`,
    deleteLease(lease),
  ]);
  return results.at(-2)?.length === 1;
}

function deleteLease({ migration, holder }: Lease) {
  return sql`DELETE FROM schema_migration_leases WHERE migration = ${migration} AND holder = ${holder}`;
}

function endOf({ leaseMs }: Lease) {
  return sql`clock_timestamp() + make_interval(secs => ${leaseMs / 1000}::float8)`;
}
