/** How long a run of the migrations waits for whom. */
export interface MigrationLimits {
  /** The longest wait for a lock on a table, in milliseconds. What comes for the table meanwhile waits behind it. */
  readonly lockTimeoutMs: number;
  /** How often a file is tried that is not given its locks. */
  readonly attemptsMax: number;
  /** The shortest pause between two tries, in milliseconds; the longest is twice that. */
  readonly pauseMs: number;
  /** For how long a runner that has died keeps others from building its index, in milliseconds. */
  readonly leaseMs: number;
  /** The longest wait for another runner's build of the same index, in milliseconds. */
  readonly buildWaitMs: number;
  /** The pause between two looks at that, in milliseconds. */
  readonly pollMs: number;
  /** The longest wait of a build for one transaction that was there before it, in milliseconds; nobody waits behind it. */
  readonly buildLockTimeoutMs: number;
}

/**
 * The lock timeout is below DATABASE_TIMEOUT_MS (2500): requests that come to wait behind a migration are late, and do
 * not fail. A file gives up after about 35 s, and whoever tries again in the pauses finds the table free.
 */
export const defaultLimits: MigrationLimits = {
  lockTimeoutMs: 2000,
  attemptsMax: 10,
  pauseMs: 1000,
  leaseMs: 60_000,
  buildWaitMs: 120_000,
  pollMs: 500,
  buildLockTimeoutMs: 300_000,
};

/** Waits between `ms` and twice that, so that two who fail together do not meet again. */
export function pauseAbout(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms * (1 + Math.random())));
}
