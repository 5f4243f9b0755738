import type { Argon2Parameters } from './crypto/argon2id.ts';
import { hashPassword, type PasswordCheck, verifyPassword } from './crypto/password-hash.ts';
import { HashSemaphore } from './hash-semaphore.ts';

/**
 * Password hashing as one request sees it: counted, so that tests can prove that all failures do equal work. Whatever
 * hashes can throw AuthError overloaded.
 */
export interface PasswordHasher {
  /** A new PHC string for the password. */
  hash(password: string): Promise<string>;
  /** Compares with a stored hash; null stands for "no such account" and costs the same. */
  verify(stored: string | null, password: string): Promise<PasswordCheck>;
  /**
   * Refuses a request that would find the queue full, for what spends something before it hashes.
   * @throws AuthError overloaded
   */
  requireRoom(): void;
  /** Passwords hashed so far. */
  readonly count: number;
  /** Milliseconds that took, where the clock is precise; else 0. */
  readonly workedMs: number;
}

// Shared by all requests of the isolate, which has one CPU for them.
const semaphore = new HashSemaphore();

/**
 * A hasher with its counters at zero. The clock of a Worker stands still during CPU work; `isClockPrecise` (development)
 * pays a pause for each hash, after which it has moved on.
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
