import { commonErrors } from '../errors.ts';

/**
 * The most hashes in flight. A hash blocks the isolate while it is computed: the second permit keeps the CPU busy,
 * and more would only delay cheap requests (HSH-10).
 */
const permitsMax = 2;
/** The most requests that hash or wait for it: what an idle CPU does in little more than a second. */
const admittedMax = 34;
/** The longest time that a permit or an admission is held: a cancelled request never releases its own (T26). */
const leaseMs = 5000;
const pollMs = 10;

/** Bounds the password hashes of one isolate: a few in flight, a short queue, and a clear refusal when it is full. */
export class HashSemaphore {
  readonly #permits = new Leases(permitsMax);
  readonly #admitted = new Leases(admittedMax);

  /**
   * Refuses a request while the queue is full, before it costs anything. It reserves nothing.
   * @throws AuthError overloaded
   */
  requireRoom(): void {
    if (this.#admitted.areTaken) throw commonErrors.overloaded();
  }

  /**
   * Hashes as soon as a permit is free.
   * @throws AuthError overloaded when the queue is full, or no permit was free in time
   */
  async run<T>(hash: () => Promise<T>): Promise<T> {
    const admission = this.#admitted.take();
    if (admission === null) throw commonErrors.overloaded();
    try {
      const permit = await this.#takePermit();
      try {
        // A hash is synchronous work: cheap requests that are waiting go first.
        await scheduler.wait(0);
        return await hash();
      } finally {
        this.#permits.release(permit);
      }
    } finally {
      this.#admitted.release(admission);
    }
  }

  // It polls, since a promise that another request had to resolve would hang if that request were cancelled (T21).
  async #takePermit(): Promise<symbol> {
    for (const endsAt = Date.now() + leaseMs; ; ) {
      const permit = this.#permits.take();
      if (permit !== null) return permit;
      if (Date.now() >= endsAt) throw commonErrors.overloaded();
      await scheduler.wait(pollMs);
    }
  }
}

/** A bounded number of leases, each of which expires by itself. */
class Leases {
  readonly #endsAt = new Map<symbol, number>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get areTaken(): boolean {
    if (this.#endsAt.size >= this.#max) this.#dropEnded();
    return this.#endsAt.size >= this.#max;
  }

  /** @returns null when all are taken */
  take(): symbol | null {
    if (this.areTaken) return null;
    const lease = Symbol('lease');
    this.#endsAt.set(lease, Date.now() + leaseMs);
    return lease;
  }

  release(lease: symbol): void {
    this.#endsAt.delete(lease);
  }

  #dropEnded(): void {
    const now = Date.now();
    for (const [lease, endsAt] of this.#endsAt) {
      if (endsAt <= now) this.#endsAt.delete(lease);
    }
  }
}
