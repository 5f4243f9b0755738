import { encodeBase64Url } from '../crypto/base64url.ts';
import { type Keyring, mac } from '../crypto/keyring.ts';
import { log } from '../log.ts';
import { answerWithin } from './answer-within.ts';
import { bucketOfAddress, clientNetwork } from './bucket-of-address.ts';
import type { Budget } from './budget-fields.ts';
import { type ClientWindow, ClientWindows, windowMs } from './client-windows.ts';
import { SharedCounts } from './shared-counts.ts';

/**
 * Classes of routes that share one budget per client: `credential` routes take a password, code, address or one-time
 * token, `general` are all other limited ones.
 */
export type RateLimitClass = 'credential' | 'general';

export interface RateLimiterSettings {
  /** Requests of the class `credential` per client and window; `general` has ten times as many. */
  readonly perMinute: number;
  readonly keyring: Keyring;
  /** Shares the counts between isolates; without it each counts for itself. */
  readonly kv: KVNamespace | undefined;
  /** Cloudflare's own rate limiter, asked before a `credential` request passes; optional. */
  readonly gate: RateLimit | undefined;
}

/** A request to be counted. */
export interface CountedRequest {
  readonly class: RateLimitClass;
  /** Canonical by `clientIp`. */
  readonly ip: string | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Keeps the isolate alive for work after the response. */
  readonly waitUntil: (work: Promise<void>) => void;
}

/** Whether a request passes, and the budget to report to the client. */
export interface Verdict extends Omit<Budget, 'name'> {
  readonly isAllowed: boolean;
}

/** What a request counts for: its client, and the network that an IPv6 client is in. */
interface Counter {
  readonly of: 'client' | 'network';
  readonly window: ClientWindow;
  readonly quota: number;
  /** Its name outside this isolate. */
  readonly key: () => string;
}

/** How many times the quota of a `credential` request one of the class `general` has. */
const generalFactor = 10;
/** How many times the quota of one client all clients of one `clientNetwork` share. */
export const networkFactor = 10;
/** The longest wait of one request for KV and the gate together. */
const patienceMs = 50;
const markAgeMsMax = 30_000;
const exchangeIntervalMs = 1000;
const failureLogIntervalMs = 60_000;
/** The bytes of the HMAC: enough that two clients never share a key. */
const keyBytes = 16;

/**
 * Counts the requests of every client address in windows of 60 s that are aligned to the clock, and refuses those
 * above the quota until the window ends. This is a coarse outer limit: PostgreSQL counts what must be exact (T3).
 *
 * An IPv6 client is its /64, and its /48 is counted beside it, with ten times the quota (LIM-15): what either has used
 * up is refused. A request that its client's own quota refuses takes nothing from the network's.
 *
 * **Where counts are stored.** In the isolate, which decides alone, at once and without KV. With every further
 * quarter of the quota, and at most once a second, an isolate writes its count under a key of its own and adds up
 * those of the others; a client above the quota gets a block mark, which the other isolates read. Rejected:
 * exchanging counts with every request from a quarter on, which is ten times the writes for the same bound; one
 * counter per client that everybody increments, which loses updates; a key per request, which costs a write for each.
 *
 * **Error bound.** One isolate admits exactly the quota. `n` isolates together admit at most `quota + n * max(quota /
 * 4, what one second brings)` if KV is up to date, and never more than `n * quota`, which is also the bound without
 * KV or with a stale one (another location sees a write after up to 60 s, and a mark up to 30 s later if its absence
 * is cached). Two quotas pass within one minute if they lie on both sides of the end of a window.
 *
 * **Cost.** Nothing outside the isolate for a `general` client below a twentieth of its quota; above that, one read
 * of the mark every 30 s, after the response. A `credential` request reads the mark before it passes, once every 30 s
 * per client: if it did not wait, each isolate would let one guess of a blocked client through to a hash. A network's
 * mark is read from a twentieth on in both classes, before a `credential` request passes. A blocked client costs one
 * cached read, then a lookup in a map. A KV or gate that fails or is slow costs at most 50 ms and changes nothing: a
 * late mark counts for the next request, and a failure is logged once a minute. A client above its quota costs up to
 * five writes per window and isolate, and so does a network; all clients of one network, which share ten quotas, up
 * to fifty more.
 *
 * The keys in KV and of the gate contain an HMAC of the address, never the address.
 */
export class RateLimiter {
  readonly #windows = new ClientWindows();
  readonly #quotas: Readonly<Record<RateLimitClass, number>>;
  readonly #keyring: Keyring;
  readonly #shared: SharedCounts | undefined;
  readonly #gate: RateLimit | undefined;
  #failureLoggedAt = -Infinity;

  constructor({ perMinute, keyring, kv, gate }: RateLimiterSettings) {
    this.#quotas = { credential: perMinute, general: generalFactor * perMinute };
    this.#keyring = keyring;
    this.#shared = kv && new SharedCounts(kv);
    this.#gate = gate;
  }

  /** Counts the request and decides, at once unless it has to ask. Never rejects; resolves within 50 ms. */
  take(request: CountedRequest): Verdict | Promise<Verdict> {
    const { now } = request;
    const quota = this.#quotas[request.class];
    const bucket = bucketOfAddress(request.ip);
    const networkBucket = clientNetwork(request.ip);
    const counters: Counter[] = [];
    // The network's first: where it is refused, its clients get no window, so that they crowd nobody out of the map.
    if (networkBucket !== bucket) {
      const network = this.#counterOf('network', request, networkBucket, networkFactor * quota);
      if (network.window.blockedUntil > now) return verdict(false, quota, [network], now);
      counters.push(network);
    }
    const client = this.#counterOf('client', request, bucket, quota);
    if (client.window.blockedUntil > now) return verdict(false, quota, [client], now);
    counters.unshift(client);

    // Before anything is awaited, so that each of several simultaneous requests counts.
    const isCounted = counters.every((counter) => this.#count(counter, request));
    if (!isCounted) return verdict(false, quota, counters, now);
    const asked = this.#askOutside(counters, request);
    if (asked.length === 0) return verdict(true, quota, counters, now);
    return allWithin(asked).then((passes) => verdict(passes, quota, counters, now));
  }

  #counterOf(of: Counter['of'], request: CountedRequest, bucket: string, quota: number): Counter {
    const window = this.#windows.at(`${request.class} ${bucket}`, request.now);
    return { of, window, quota, key: () => this.#keyOf(window, request.class, bucket) };
  }

  /** @returns whether the quota had room for the request */
  #count(counter: Counter, request: CountedRequest): boolean {
    const { window, quota } = counter;
    window.own += 1;
    if (window.own + window.others > quota) {
      this.#block(counter, request);
      return false;
    }
    this.#exchangeIfDue(counter, request);
    return true;
  }

  #block({ window, key }: Counter, request: CountedRequest): void {
    window.blockedUntil = window.endsAt;
    const shared = this.#shared;
    if (shared === undefined) return;
    void this.#inBackground(request, async () => shared.markBlocked(key(), window.endsAt));
  }

  #exchangeIfDue({ window, quota, key }: Counter, request: CountedRequest): void {
    const shared = this.#shared;
    const { now } = request;
    if (shared === undefined || window.own - window.reported < quota / 4) return;
    if (now - window.reportedAt < exchangeIntervalMs) return;
    window.reported = window.own;
    window.reportedAt = now;
    void this.#inBackground(request, async () => {
      const others = await shared.exchange(key(), window.endsAt, window.own);
      // A stale list may contain less than an earlier one did.
      window.others = Math.max(window.others, others);
    });
  }

  /**
   * Asks the gate and reads the marks in parallel. The gate knows clients alone, since it has one quota for every key.
   * @returns the answers to wait for, each whether the request passes
   */
  #askOutside(counters: readonly Counter[], request: CountedRequest): Promise<boolean>[] {
    const isCredential = request.class === 'credential';
    return counters.flatMap((counter) => {
      const { of, window, quota } = counter;
      const isClient = of === 'client';
      const mark =
        (isCredential && isClient) || window.own >= quota / 20 ? this.#readMarkIfDue(counter, request) : null;
      const gate =
        isCredential && isClient && this.#gate !== undefined
          ? this.#askGate(this.#gate, counter.key(), request)
          : null;
      return [gate, isCredential ? mark : null].filter((answer) => answer !== null);
    });
  }

  /** @returns whether there is no mark, or null when nothing has to be read */
  #readMarkIfDue({ window, key }: Counter, request: CountedRequest): Promise<boolean> | null {
    const shared = this.#shared;
    const { now } = request;
    if (shared === undefined || now - window.markReadAt < markAgeMsMax) return null;
    // Set before the answer arrives: requests in the meantime pass without one, since the promise of another request
    // must not be awaited (T26). Once the value arrives, late or not, it counts for all of them.
    window.markReadAt = now;
    let isMarked = false;
    const read = this.#inBackground(request, async () => {
      // A block ends with the window, whatever the mark says.
      const until = Math.min(await shared.blockedUntil(key()), window.endsAt);
      isMarked = until > now;
      window.blockedUntil = Math.max(window.blockedUntil, until);
    });
    return read.then(() => !isMarked);
  }

  async #askGate(gate: RateLimit, key: string, { now }: CountedRequest): Promise<boolean> {
    try {
      return (await gate.limit({ key })).success;
    } catch (error) {
      this.#logFailure(error, now);
      return true;
    }
  }

  /** Runs in parallel to the request and, if it takes longer, after it. Never rejects. */
  #inBackground({ now, waitUntil }: CountedRequest, run: () => Promise<void>): Promise<void> {
    const work = run().catch((error: unknown) => this.#logFailure(error, now));
    waitUntil(work);
    return work;
  }

  #logFailure(cause: unknown, now: number): void {
    if (now - this.#failureLoggedAt < failureLogIntervalMs) return;
    this.#failureLoggedAt = now;
    log('warn', 'rate_limit_store_failed', { cause });
  }

  /** Computes the HMAC once per client or network, and only when it is needed outside the isolate. */
  #keyOf(window: ClientWindow, routeClass: RateLimitClass, bucket: string): string {
    if (window.key === undefined) {
      const tag = mac(this.#keyring, 'rate-limit', new TextEncoder().encode(bucket));
      window.key = `${routeClass}:${encodeBase64Url(tag.subarray(0, keyBytes))}`;
    }
    return window.key;
  }
}

/** Whether all say so; without an answer in time the request passes. All together take at most 50 ms. */
async function allWithin(asked: readonly Promise<boolean>[]): Promise<boolean> {
  const answers = await Promise.all(asked.map((answer) => answerWithin(answer, patienceMs, true)));
  return answers.every((passes) => passes);
}

/**
 * Tells the client its own quota, and what is left of the nearer budget: that of its network is nothing that it could
 * do anything with. All windows end at the same time.
 */
function verdict(isAllowed: boolean, quota: number, counters: readonly Counter[], now: number): Verdict {
  const left = counters.map(({ window, quota: own }) => own - window.own - window.others);
  const endsAt = Math.max(...counters.map(({ window }) => window.endsAt));
  return {
    isAllowed,
    quota,
    windowSeconds: windowMs / 1000,
    remaining: isAllowed ? Math.max(0, Math.min(quota, ...left)) : 0,
    resetSeconds: Math.max(1, Math.ceil((endsAt - now) / 1000)),
  };
}
