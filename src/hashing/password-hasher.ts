import type { Argon2Parameters } from '../crypto/argon2id.ts';
import type { PasswordCheck } from '../crypto/password-hash.ts';
import { loadOnce } from '../load-once.ts';
import { HashSemaphore } from './hash-semaphore.ts';

/**
 * Hashes passwords for one request and counts them, so that tests can prove that all failures do equal work. Every
 * method that hashes can throw AuthError overloaded.
 */
export interface PasswordHasher extends HashCost {
  /** A new PHC string for the password. */
  hash(password: string): Promise<string>;
  /** Compares with a stored hash. Null means "no such account" and costs the same. */
  verify(stored: string | null, password: string): Promise<PasswordCheck>;
  /**
   * Refuses a request while the queue is full, for callers that write something before they hash.
   * @throws AuthError overloaded
   */
  requireRoom(): void;
}

/** What the hashes of one request have cost. */
export interface HashCost {
  readonly count: number;
  /** How long they took, in milliseconds, where the clock is precise; otherwise 0. */
  readonly workedMs: number;
}

/** The cost of none. */
export const noHashes: HashCost = { count: 0, workedMs: 0 };

// Shared by all requests of the isolate, which have one CPU.
const semaphore = new HashSemaphore();

const loadHashes = loadOnce(() => import('../crypto/password-hash.ts'));

/**
 * Creates a hasher with its counters at zero. A Worker's clock stands still during CPU work; with `isClockPrecise`
 * (development) each hash is followed by a pause that lets the clock move on.
 * @param parameters what a hash costs; undefined for the cost of production
 */
export function createPasswordHasher(
  isClockPrecise: boolean,
  parameters: Argon2Parameters | undefined,
): PasswordHasher {
  let count = 0;
  let workedMs = 0;
  const counted = <T>(work: () => Promise<T>) => semaphore.run(() => measured(work));
  async function measured<T>(work: () => Promise<T>): Promise<T> {
    count += 1;
    if (!isClockPrecise) return work();
    const startedAt = performance.now();
    try {
      return await work();
    } finally {
      await scheduler.wait(0);
      workedMs += performance.now() - startedAt;
    }
  }
  return {
    async hash(password) {
      const { hashPassword } = await loadHashes();
      return counted(() => hashPassword(password, parameters));
    },
    requireRoom: () => semaphore.requireRoom(),
    async verify(stored, password) {
      const { verifyPassword } = await loadHashes();
      return counted(() => verifyPassword(stored, password, parameters));
    },
    get count() {
      return count;
    },
    get workedMs() {
      return workedMs;
    },
  };
}
