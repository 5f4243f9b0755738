/** Metadata of a count: `list` answers it without a read for each key. */
interface CountMetadata {
  readonly count: number;
}

/** KV's shortest, in seconds; no count or mark is of use for longer. */
const keptSeconds = 60;
/** How long a location may answer a mark, or that there is none, from its own cache: the least that KV takes. */
const markCacheSeconds = 30;

/**
 * What the isolates tell each other through KV. A client is named by a key that says nothing about it.
 *
 * - `rl:count:<key>:<end of window>:<isolate>`: what one isolate has counted, in the metadata. Nobody else writes that
 *   key, so that no count overwrites another; the sum is one `list`.
 * - `rl:block:<key>`: until when the client is refused, in milliseconds since the epoch. Whoever writes it in a window
 *   writes the same value, so that it does not matter which of two writes KV drops. Where the window has just changed,
 *   KV can drop the newer one, a second after the older: each isolate then refuses by its own count until the next one.
 *
 * Rejects when KV does, which has no say in what a request is answered: that is the caller's to see to.
 */
export class SharedCounts {
  readonly #kv: KVNamespace;
  #isolateId: string | undefined;

  constructor(kv: KVNamespace) {
    this.#kv = kv;
  }

  /** Reports this isolate's count. @returns what all others have reported: as KV knows it, up to 60 s old */
  async exchange(key: string, windowEndsAt: number, own: number): Promise<number> {
    const prefix = `rl:count:${key}:${windowEndsAt}:`;
    // Not at module load, where workerd refuses to make random values.
    this.#isolateId ??= crypto.randomUUID();
    const ownKey = prefix + this.#isolateId;
    const metadata: CountMetadata = { count: own };
    await this.#kv.put(ownKey, '', { metadata, expirationTtl: keptSeconds });
    // One page is 1,000 isolates, which are over every limit together.
    const { keys } = await this.#kv.list<Partial<CountMetadata>>({ prefix });
    const counts = keys.filter(({ name }) => name !== ownKey).map((entry) => countOf(entry.metadata));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Tells every location that the client is refused until then. */
  async markBlocked(key: string, until: number): Promise<void> {
    await this.#kv.put(`rl:block:${key}`, String(until), { expirationTtl: keptSeconds });
  }

  /** @returns until when the client is refused, in milliseconds since the epoch; 0 where there is no such mark */
  async blockedUntil(key: string): Promise<number> {
    const text = await this.#kv.get(`rl:block:${key}`, { type: 'text', cacheTtl: markCacheSeconds });
    return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : 0;
  }
}

function countOf(metadata: Partial<CountMetadata> | undefined): number {
  const count = metadata?.count;
  return Number.isSafeInteger(count) && count !== undefined && count > 0 ? count : 0;
}
