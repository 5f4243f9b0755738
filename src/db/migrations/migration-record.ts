import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { type Fragment, sql } from '../sql.ts';

/** Any constant will do, as long as every runner uses the same one. */
const lockKey = 7_310_595_019_274_121n;

/**
 * The first statements of a transaction in which a runner is alone: it waits for the others, however long their files
 * take and whatever lock_timeout the role has. Comes before everything else, since even CREATE TABLE IF NOT EXISTS
 * fails when two runners execute it at once. READ COMMITTED lets the statements after it see what the previous holder
 * of the lock committed.
 */
export function waitForOtherRunners(): Fragment[] {
  return [setLockTimeout(0), sql`SELECT pg_advisory_xact_lock(${lockKey}::bigint)`];
}

/** SET LOCAL, which takes no parameter itself: how long the transaction waits for each lock from here on; 0 is for ever. */
export function setLockTimeout(ms: number): Fragment {
  return sql`SELECT set_config('lock_timeout', ${`${ms}ms`}, true)`;
}

/** The record of what is applied, where it is not there yet. */
export const createRecord = sql`CREATE TABLE IF NOT EXISTS schema_migrations (
  name text PRIMARY KEY,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
)`;

/** The row of one migration, with its `checksum`. */
export function findRecorded(name: string): Fragment {
  return sql`SELECT checksum FROM schema_migrations WHERE name = ${name}`;
}

/** With normalised line endings, so that a checkout on Windows does not look like an edit. */
export function checksumOf(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text.replaceAll('\r\n', '\n'))));
}
