import { encodeBase64Url } from '../crypto/base64url.ts';
import { type Keyring, mac } from '../crypto/keyring.ts';
import { log } from '../log.ts';
import { answerWithin } from './answer-within.ts';
import type { Budget } from './budget-fields.ts';
import { clientBucket } from './client-bucket.ts';
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
 * per client: if it did not wait, each isolate would let one guess of a blocked client through to a hash. A blocked
 * client costs one cached read, then a lookup in a map. A KV or gate that fails or is slow costs at most 50 ms and
 * changes nothing: a late mark counts for the next request, and a failure is logged once a minute. A client above its
 * quota costs up to five writes per window and isolate.
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
    this.#quotas = { credential: perMinute, general: 10 * perMinute };
    this.#keyring = keyring;
    this.#shared = kv && new SharedCounts(kv);
    this.#gate = gate;
  }

  /** Counts the request and decides. Never rejects; resolves within 50 ms, whatever it has to ask. */
  async take(request: CountedRequest): Promise<Verdict> {
    const { now } = request;
    const bucket = clientBucket(request.ip);
    const client = this.#windows.at(`${request.class} ${bucket}`, now);
    const quota = this.#quotas[request.class];
    if (client.blockedUntil > now) return verdict(false, client, quota, now);

    // Before anything is awaited, so that each of several simultaneous requests counts.
    client.own += 1;
    const keyOf = () => this.#keyOf(client, request.class, bucket);
    if (client.own + client.others > quota) {
      this.#block(client, keyOf, request);
      return verdict(false, client, quota, now);
    }
    this.#exchangeIfDue(client, quota, keyOf, request);
    return verdict(await this.#passesOutside(client, quota, keyOf, request), client, quota, now);
  }

  #block(client: ClientWindow, keyOf: () => string, request: CountedRequest): void {
    client.blockedUntil = client.endsAt;
    const shared = this.#shared;
    if (shared === undefined) return;
    void this.#inBackground(request, async () => shared.markBlocked(keyOf(), client.endsAt));
  }

  #exchangeIfDue(client: ClientWindow, quota: number, keyOf: () => string, request: CountedRequest): void {
    const shared = this.#shared;
    const { now } = request;
    if (shared === undefined || client.own - client.reported < quota / 4) return;
    if (now - client.reportedAt < exchangeIntervalMs) return;
    client.reported = client.own;
    client.reportedAt = now;
    void this.#inBackground(request, async () => {
      const others = await shared.exchange(keyOf(), client.endsAt, client.own);
      // A stale list may contain less than an earlier one did.
      client.others = Math.max(client.others, others);
    });
  }

  /**
   * Asks the gate and reads the mark in parallel, so that both together take at most 50 ms. Without an answer the
   * request passes.
   */
  async #passesOutside(
    client: ClientWindow,
    quota: number,
    keyOf: () => string,
    request: CountedRequest,
  ): Promise<boolean> {
    const isCredential = request.class === 'credential';
    const mark =
      isCredential || client.own >= quota / 20 ? this.#readMarkIfDue(client, keyOf, request) : null;
    const gate =
      isCredential && this.#gate !== undefined ? this.#askGate(this.#gate, keyOf(), request) : null;
    const asked = [gate, isCredential ? mark : null].filter((answer) => answer !== null);
    if (asked.length === 0) return true;
    const answers = await Promise.all(asked.map((answer) => answerWithin(answer, patienceMs, true)));
    return answers.every((passes) => passes);
  }

  /** @returns whether there is no mark, or null when nothing has to be read */
  #readMarkIfDue(
    client: ClientWindow,
    keyOf: () => string,
    request: CountedRequest,
  ): Promise<boolean> | null {
    const shared = this.#shared;
    const { now } = request;
    if (shared === undefined || now - client.markReadAt < markAgeMsMax) return null;
    // Set before the answer arrives: requests in the meantime pass without one, since the promise of another request
    // must not be awaited (T26). Once the value arrives, late or not, it counts for all of them.
    client.markReadAt = now;
    let isMarked = false;
    const read = this.#inBackground(request, async () => {
      // A block ends with the window, whatever the mark says.
      const until = Math.min(await shared.blockedUntil(keyOf()), client.endsAt);
      isMarked = until > now;
      client.blockedUntil = Math.max(client.blockedUntil, until);
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

  /** Computes the HMAC once per client, and only when it is needed outside the isolate. */
  #keyOf(client: ClientWindow, routeClass: RateLimitClass, bucket: string): string {
    if (client.key === undefined) {
      const tag = mac(this.#keyring, 'rate-limit', new TextEncoder().encode(bucket));
      client.key = `${routeClass}:${encodeBase64Url(tag.subarray(0, keyBytes))}`;
    }
    return client.key;
  }
}

function verdict(isAllowed: boolean, client: ClientWindow, quota: number, now: number): Verdict {
  return {
    isAllowed,
    quota,
    windowSeconds: windowMs / 1000,
    remaining: isAllowed ? Math.max(0, quota - client.own - client.others) : 0,
    resetSeconds: Math.max(1, Math.ceil((client.endsAt - now) / 1000)),
  };
}
