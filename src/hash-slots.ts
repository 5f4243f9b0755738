import { commonErrors } from './errors.ts';

/**
 * Hashes in flight. While one of them is being worked on, nothing else is: the second is there so that the CPU is never
 * idle, and more would only keep cheap requests waiting (SECURITY HSH-10).
 */
const slotsMax = 2;
/** Requests that wait for a slot: what an idle CPU does in little more than a second. */
const waitersMax = 32;
/** How long a place is held at most, in a slot or in the queue: a cancelled request gives nothing back (SECURITY T26). */
const leaseMs = 5000;
const pollMs = 10;

/** Bounds the password hashes of one isolate: a few in flight, a short queue, and a clear refusal of everybody else. */
export class HashSlots {
  readonly #slots = new Leases(slotsMax);
  readonly #waiters = new Leases(waitersMax);

  /**
   * Refuses a request that would have to wait behind a full queue, before it costs anything.
   * @throws AuthError overloaded
   */
  requireRoom(): void {
    if (this.#slots.isFull && this.#waiters.isFull) throw commonErrors.overloaded();
  }

  /**
   * Does the work once there is a slot.
   * @throws AuthError overloaded when the queue is full, or no slot came free in time
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const slot = this.#slots.take() ?? (await this.#waitForSlot());
    try {
      // A hash is one piece of synchronous work: whoever asks something cheap gets their turn before it.
      await scheduler.wait(0);
      return await work();
    } finally {
      this.#slots.release(slot);
    }
  }

  // By looking again, and not by a promise that another request would have to keep (SECURITY T21).
  async #waitForSlot(): Promise<symbol> {
    const waiter = this.#waiters.take();
    if (waiter === null) throw commonErrors.overloaded();
    try {
      while (this.#waiters.holds(waiter)) {
        await scheduler.wait(pollMs);
        const slot = this.#slots.take();
        if (slot !== null) return slot;
      }
      throw commonErrors.overloaded();
    } finally {
      this.#waiters.release(waiter);
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

  get isFull(): boolean {
    if (this.#endsAt.size >= this.#max) this.#dropEnded();
    return this.#endsAt.size >= this.#max;
  }

  take(): symbol | null {
    if (this.isFull) return null;
    const lease = Symbol('lease');
    this.#endsAt.set(lease, Date.now() + leaseMs);
    return lease;
  }

  holds(lease: symbol): boolean {
    return (this.#endsAt.get(lease) ?? 0) > Date.now();
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
