import { type Fragment, sql } from '../sql.ts';
import { type IndexFile, readIndexFile } from './index-file.ts';
import { describeProgress, dropIndex, findIndex, type IndexState, type Session } from './index-state.ts';
import { extendLease, type Lease, recordAndRelease, releaseLease, takeLease } from './lease.ts';
import {
  describeRefusal,
  editedError,
  MigrationError,
  sqlstateOf,
  whoIsInTheWay,
} from './migration-error.ts';
import { pauseAbout } from './migration-limits.ts';
import { checksumOf } from './migration-record.ts';
import type { Migration, Run } from './migration-run.ts';

interface Build {
  readonly run: Run;
  readonly migration: Migration;
  readonly file: IndexFile;
  /** The file as it is. */
  readonly statement: Fragment;
  readonly session: Session;
}

/**
 * Builds the index of a file and records it; false when another runner was faster. A lease keeps other runners from
 * it. Can be repeated whatever happened to the run before: an invalid index is dropped and begun again, one that is
 * still being built is waited for, and a valid one is taken for the file's.
 *
 * @throws MigrationError when the build fails, or somebody else has the lease for long; it is not recorded then
 */
export async function buildIndex(run: Run, migration: Migration, statement: Fragment): Promise<boolean> {
  const file = readIndexFile(migration);
  const lease: Lease = {
    migration: migration.name,
    holder: `${run.runner} (${crypto.randomUUID().slice(0, 8)})`,
    leaseMs: run.limits.leaseMs,
  };
  try {
    const isOurs = await waitForLease(run, migration, lease);
    if (!isOurs) return false;
    const stopExtending = keepExtending(run, lease, file);
    try {
      await inSession(run, (session) => makeValid({ run, migration, file, statement, session }));
    } finally {
      stopExtending();
    }
    return await recordAndRelease(run.database, lease, checksumOf(migration.sql));
  } catch (error) {
    // Where that fails too, the lease ends by itself.
    await releaseLease(run.database, lease).catch(() => undefined);
    if (error instanceof MigrationError) throw error;
    throw new MigrationError(migration.name, describeRefusal(error, migration.sql), {
      cause: error,
      applied: run.applied,
    });
  }
}

/** False when the migration is recorded by now. */
async function waitForLease(run: Run, migration: Migration, lease: Lease): Promise<boolean> {
  const answer = await waitUntil(run, migration, async () => {
    const found = await takeLease(run.database, lease);
    if (found.kind !== 'held') return { result: found };
    const until = `by a lease that ends at ${found.expiresAt.toISOString()} unless it is extended`;
    return { waitsFor: `${found.holder} builds this index, ${until}` };
  });
  if (answer.kind === 'taken') return true;
  if (answer.checksum !== checksumOf(migration.sql)) throw editedError(migration.name, run.applied);
  return false;
}

async function inSession<T>(run: Run, work: (session: Session) => Promise<T>): Promise<T> {
  if (run.openDirect === undefined) return work(run.database);
  const session = await run.openDirect();
  try {
    // Nobody waits behind a build, so it may wait; but not for ever for a transaction that somebody left open.
    await session.query(waitForLocks(run.limits.buildLockTimeoutMs));
    return await work(session);
  } finally {
    await session.close().catch(() => undefined);
  }
}

/** Returns once the index is there and valid. */
async function makeValid(build: Build): Promise<void> {
  const { run, migration, file, session } = build;
  const state = await waitUntil(run, migration, async () => {
    const found = await findIndex(session, file);
    if (!found || found.builder === null) return { result: found };
    return { waitsFor: `process ${found.builder} of the database still builds this index for a run before` };
  });
  if (state?.is_on_table && state.is_valid) return checkTaken(build, state);
  try {
    if (state?.is_on_table) {
      run.log(`${migration.name}: drops the invalid index ${file.index} of a run before, and begins again`);
      await session.query(dropIndex(file));
    }
    await session.query(build.statement);
  } catch (error) {
    throw await explainFailure(build, error);
  }
}

/** A valid index of that name is the file's, as far as can be seen without building it. */
function checkTaken({ run, migration, file }: Build, state: IndexState): void {
  if (state.is_unique === file.isUnique) return;
  const kind = state.is_unique ? 'unique' : 'not unique';
  throw new MigrationError(
    migration.name,
    `there is an index ${file.index} already, which is ${kind}. Rename or drop it, and run this again.`,
    { applied: run.applied },
  );
}

/** Drops what a failed build has left, where the session still can: even an invalid index costs every write. */
async function explainFailure(
  { run, migration, file, session }: Build,
  error: unknown,
): Promise<MigrationError> {
  const isAboutLocks = sqlstateOf(error) === '55P03';
  const left = await dropInvalid(run, session, file).catch(() => 'unknown' as const);
  const remains = {
    nothing: 'Nothing was left of it',
    dropped: 'The invalid index was dropped',
    unknown: `If an invalid index ${file.index} was left, the next run drops it and begins again`,
  }[left];
  const advice = isAboutLocks ? whoIsInTheWay : 'Run this again once the reason is gone.';
  return new MigrationError(
    migration.name,
    `the index ${file.index} was not built: ${describeRefusal(error, migration.sql)}. ${remains}. ${advice}`,
    { cause: error, applied: run.applied, isTemporary: isAboutLocks },
  );
}

async function dropInvalid(run: Run, session: Session, file: IndexFile): Promise<'nothing' | 'dropped'> {
  const state = await findIndex(session, file);
  if (!state?.is_on_table || state.is_valid || state.builder !== null) return 'nothing';
  // Whoever was in the way of the build may be in the way of the drop too, and has been waited for long enough.
  if (run.openDirect !== undefined) await session.query(waitForLocks(run.limits.lockTimeoutMs));
  await session.query(dropIndex(file));
  return 'dropped';
}

/** How long the statements of a connection of ours wait for a lock from here on. */
function waitForLocks(ms: number): Fragment {
  return sql`SELECT set_config('lock_timeout', ${`${ms}ms`}, false)`;
}

/** Extends the lease until the result is called, and says each time how far the build is. */
function keepExtending(run: Run, lease: Lease, file: IndexFile): () => void {
  const extendAndTell = async () => {
    await extendLease(run.database, lease);
    const progress = await describeProgress(run.database, file);
    if (progress !== null) run.log(`${lease.migration}: ${progress}`);
  };
  const timer = setInterval(() => {
    // One that fails is made up for by the next: the lease lasts for three.
    extendAndTell().catch(() => undefined);
  }, lease.leaseMs / 3);
  return () => clearInterval(timer);
}

type Look<T> = { readonly result: T } | { readonly waitsFor: string };

/** Looks again until there is a result, and gives up after about `buildWaitMs`. */
async function waitUntil<T>(run: Run, { name }: Migration, look: () => Promise<Look<T>>): Promise<T> {
  const { buildWaitMs, pollMs } = run.limits;
  // A pause is one and a half of it on average.
  const looksMax = Math.max(1, Math.ceil(buildWaitMs / pollMs / 1.5));
  for (let looks = 1; ; looks++) {
    const found = await look();
    if ('result' in found) return found.result;
    if (looks >= looksMax) {
      throw new MigrationError(
        name,
        `${found.waitsFor}. Nothing of this file was changed: run it again later.`,
        { applied: run.applied, isTemporary: true },
      );
    }
    if (looks === 1) run.log(`${name}: waits, since ${found.waitsFor}`);
    await pauseAbout(pollMs);
  }
}
