import { createKeyring } from '../../src/crypto/keyring.ts';
import {
  type CountedRequest,
  RateLimiter,
  type RateLimiterSettings,
  type Verdict,
} from '../../src/rate-limit/rate-limiter.ts';

/** One secret for all, as isolates of one deployment have it. */
const keyring = createKeyring(crypto.getRandomValues(new Uint8Array(32)));

export const minute = 60_000;
export const start = 29_000_000 * minute;

/** A limiter as one isolate has it. */
export class LimitedIsolate {
  readonly limiter: RateLimiter;
  #pending: Promise<void>[] = [];

  constructor(settings: Partial<RateLimiterSettings> = {}) {
    this.limiter = new RateLimiter({ perMinute: 8, keyring, kv: undefined, gate: undefined, ...settings });
  }

  /** One request: `credential`, from one address, at the start of a window unless said otherwise. */
  async take(request: Partial<CountedRequest> = {}): Promise<Verdict> {
    return this.limiter.take({
      class: 'credential',
      ip: '203.0.113.7',
      now: start,
      waitUntil: (work) => void this.#pending.push(work),
      ...request,
    });
  }

  /** Takes one after the other, each with all that it leaves for later. @returns how many were allowed */
  async takeMany(count: number, request: Partial<CountedRequest> = {}): Promise<number> {
    let allowed = 0;
    for (let index = 0; index < count; index++) {
      if ((await this.take(request)).isAllowed) allowed += 1;
      await this.settle();
    }
    return allowed;
  }

  /** Waits for what was handed to `waitUntil`. */
  async settle(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    await Promise.all(pending);
  }
}
