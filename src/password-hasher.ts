import type { Argon2Parameters } from './crypto/argon2id.ts';
import { hashPassword, type PasswordCheck, verifyPassword } from './crypto/password-hash.ts';
import { HashSemaphore } from './hash-semaphore.ts';

/**
 * Hashes passwords for one request and counts them, so that tests can prove that all failures do equal work. Every
 * method that hashes can throw AuthError overloaded.
 */
export interface PasswordHasher {
  /** A new PHC string for the password. */
  hash(password: string): Promise<string>;
  /** Compares with a stored hash. Null means "no such account" and costs the same. */
  verify(stored: string | null, password: string): Promise<PasswordCheck>;
  /**
   * Refuses a request while the queue is full, for callers that write something before they hash.
   * @throws AuthError overloaded
   */
  requireRoom(): void;
  readonly count: number;
  /** How long the hashes took, in milliseconds, where the clock is precise; otherwise 0. */
  readonly workedMs: number;
}

// Shared by all requests of the isolate, which have one CPU.
const semaphore = new HashSemaphore();

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
    hash: (password) => counted(() => hashPassword(password, parameters)),
    requireRoom: () => semaphore.requireRoom(),
    verify: (stored, password) => counted(() => verifyPassword(stored, password, parameters)),
    get count() {
      return count;
    },
    get workedMs() {
      return workedMs;
    },
  };
}
