import { commonErrors } from './errors.ts';

/**
 * Hashes in flight. While one of them is being worked on, nothing else is: the second is there so that the CPU is never
 * idle, and more would only keep cheap requests waiting (HSH-10).
 */
const permitsMax = 2;
/** Requests that have or await a hash: what an idle CPU does in little more than a second. */
const admittedMax = 34;
/** How long a permit or a place is held at most: a cancelled request gives nothing back (T26). */
const leaseMs = 5000;
const pollMs = 10;

/** Bounds the password hashes of one isolate: a few in flight, a short queue, and a clear refusal of everybody else. */
export class HashSemaphore {
  readonly #permits = new Leases(permitsMax);
  readonly #admitted = new Leases(admittedMax);

  /**
   * Refuses a request that would find the queue full, before it costs anything. No promise that there is room later.
   * @throws AuthError overloaded
   */
  requireRoom(): void {
    if (this.#admitted.areTaken) throw commonErrors.overloaded();
  }

  /**
   * Hashes once there is a permit.
   * @throws AuthError overloaded when the queue is full, or no permit came free in time
   */
  async run<T>(hash: () => Promise<T>): Promise<T> {
    const admission = this.#admitted.take();
    if (admission === null) throw commonErrors.overloaded();
    try {
      const permit = await this.#takePermit();
      try {
        // A hash is one piece of synchronous work: whoever asks something cheap gets their turn before it.
        await scheduler.wait(0);
        return await hash();
      } finally {
        this.#permits.release(permit);
      }
    } finally {
      this.#admitted.release(admission);
    }
  }

  // By looking again, and not by a promise that another request would have to keep (T21).
  async #takePermit(): Promise<symbol> {
    for (const endsAt = Date.now() + leaseMs; ; ) {
      const permit = this.#permits.take();
      if (permit !== null) return permit;
      if (Date.now() >= endsAt) throw commonErrors.overloaded();
      await scheduler.wait(pollMs);
    }
  }
}

/** A bounded number of places, each of which falls free by itself when its time is over. */
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
