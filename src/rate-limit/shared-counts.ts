/** The metadata of a count, which `list` returns without a read per key. */
interface CountMetadata {
  readonly count: number;
}

/** The shortest expiry of KV, in seconds; no count or mark is useful for longer. */
const keptSeconds = 60;
/** How long a location may serve a mark, or its absence, from its own cache: the minimum of KV. */
const markCacheSeconds = 30;

/**
 * What isolates share through KV. The key of a client reveals nothing about the client.
 *
 * - `rl:count:<key>:<end of window>:<isolate>`: the count of one isolate, in the metadata. Nobody else writes that
 *   key, so no count overwrites another; the sum takes one `list`.
 * - `rl:block:<key>`: until when the client is refused, in milliseconds since the epoch. All writers in a window
 *   write the same value, so it does not matter which of two writes KV drops. If the window has just changed, KV can
 *   drop the newer one, a second after the older: each isolate then refuses by its own count until the next one.
 *
 * Rejects when KV does. KV must never decide about a request: the caller has to handle that.
 */
export class SharedCounts {
  readonly #kv: KVNamespace;
  #isolateId: string | undefined;

  constructor(kv: KVNamespace) {
    this.#kv = kv;
  }

  /**
   * Reports this isolate's count.
   * @returns the counts of all others as KV knows them, up to 60 s old
   */
  async exchange(key: string, windowEndsAt: number, own: number): Promise<number> {
    const prefix = `rl:count:${key}:${windowEndsAt}:`;
    // Not at module load, where workerd does not allow random values.
    this.#isolateId ??= crypto.randomUUID();
    const ownKey = prefix + this.#isolateId;
    const metadata: CountMetadata = { count: own };
    await this.#kv.put(ownKey, '', { metadata, expirationTtl: keptSeconds });
    // One page has 1,000 isolates, which together are over every limit.
    const { keys } = await this.#kv.list<Partial<CountMetadata>>({ prefix });
    const counts = keys.filter(({ name }) => name !== ownKey).map((entry) => countOf(entry.metadata));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Marks the client as refused until then, in every location. */
  async markBlocked(key: string, until: number): Promise<void> {
    await this.#kv.put(`rl:block:${key}`, String(until), { expirationTtl: keptSeconds });
  }

  /** @returns until when the client is refused, in milliseconds since the epoch; 0 without a mark */
  async blockedUntil(key: string): Promise<number> {
    const text = await this.#kv.get(`rl:block:${key}`, { type: 'text', cacheTtl: markCacheSeconds });
    return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : 0;
  }
}

function countOf(metadata: Partial<CountMetadata> | undefined): number {
  const count = metadata?.count;
  return Number.isSafeInteger(count) && count !== undefined && count > 0 ? count : 0;
}
