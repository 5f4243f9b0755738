import { hashPassword, type PasswordCheck, verifyPassword } from './crypto/password-hash.ts';

/** Password hashing as one request sees it: counted, so that tests can prove that all failures do equal work. */
export interface PasswordHasher {
  /** A new PHC string for the password. */
  hash(password: string): Promise<string>;
  /** Compares with a stored hash; null stands for "no such account" and costs the same. */
  verify(stored: string | null, password: string): Promise<PasswordCheck>;
  /** Passwords hashed so far. */
  readonly count: number;
  /** Milliseconds that took. Shown in development only; the clock stands still during CPU work in production. */
  readonly workedMs: number;
}

/** @returns a hasher with its counters at zero */
export function createPasswordHasher(): PasswordHasher {
  let count = 0;
  let workedMs = 0;
  async function counted<T>(work: Promise<T>): Promise<T> {
    const startedAt = performance.now();
    count += 1;
    try {
      return await work;
    } finally {
      workedMs += performance.now() - startedAt;
    }
  }
  return {
    hash: (password) => counted(hashPassword(password)),
    verify: (stored, password) => counted(verifyPassword(stored, password)),
    get count() {
      return count;
    },
    get workedMs() {
      return workedMs;
    },
  };
}
