import { hashPassword, type PasswordCheck, verifyPassword } from './crypto/password-hash.ts';

/** Password hashing as one request sees it: counted, so that tests can prove that all failures do equal work. */
export interface PasswordHasher {
  /** A new PHC string for the password. */
  hash(password: string): Promise<string>;
  /** Compares with a stored hash; null stands for "no such account" and costs the same. */
  verify(stored: string | null, password: string): Promise<PasswordCheck>;
  /** Passwords hashed so far. */
  readonly count: number;
  /** Milliseconds that took, where the clock is precise; else 0. */
  readonly workedMs: number;
}

/**
 * A hasher with its counters at zero. The clock of a Worker stands still during CPU work; `isClockPrecise` (development)
 * pays a pause for each hash, after which it has moved on.
 */
export function createPasswordHasher(isClockPrecise: boolean): PasswordHasher {
  let count = 0;
  let workedMs = 0;
  async function counted<T>(work: () => Promise<T>): Promise<T> {
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
    hash: (password) => counted(() => hashPassword(password)),
    verify: (stored, password) => counted(() => verifyPassword(stored, password)),
    get count() {
      return count;
    },
    get workedMs() {
      return workedMs;
    },
  };
}
