/** The length of a window, in milliseconds. */
export const windowMs = 60_000;

const clientsMax = 10_000;

/** What this isolate knows about one client, or one network of clients, in one window. Losing it only begins the budget anew. */
export interface ClientWindow {
  /** Milliseconds since the epoch, the same in every isolate, since windows are aligned to the clock. */
  readonly endsAt: number;
  /** Requests counted here. */
  own: number;
  /** Requests that other isolates have reported. */
  others: number;
  /** `own` at the last exchange, and when that started. */
  reported: number;
  reportedAt: number;
  /** When the block mark was last read. Outlives the window. */
  markReadAt: number;
  /** Requests are refused until then. */
  blockedUntil: number;
  /** The client's key outside this isolate, once it was needed. Outlives the window. */
  key: string | undefined;
}

/**
 * The clients and networks of this isolate, at most 10,000. When there are more, those whose window has ended are
 * forgotten first, then the oldest ones, down to half; blocked ones stay while anything else can be forgotten. The map
 * may live in the isolate because it contains only counts (T26).
 */
export class ClientWindows {
  readonly #clients = new Map<string, ClientWindow>();

  get size(): number {
    return this.#clients.size;
  }

  /** Returns the client's current window, an empty one if there is none. */
  at(name: string, now: number): ClientWindow {
    const endsAt = (Math.floor(now / windowMs) + 1) * windowMs;
    const known = this.#clients.get(name);
    if (known?.endsAt === endsAt) return known;
    // A new object, so that an answer requested in the last window does not count in this one; deleted before it is
    // set, so that the map keeps the order of the windows' first requests.
    if (known === undefined) this.#makeRoom(now);
    else this.#clients.delete(name);
    const fresh: ClientWindow = {
      ...{ endsAt, own: 0, others: 0, reported: 0, reportedAt: -Infinity, blockedUntil: -Infinity },
      markReadAt: known?.markReadAt ?? -Infinity,
      key: known?.key,
    };
    this.#clients.set(name, fresh);
    return fresh;
  }

  #makeRoom(now: number): void {
    if (this.#clients.size < clientsMax) return;
    this.#forget((client) => client.endsAt <= now, clientsMax / 2);
    this.#forget((client) => client.blockedUntil <= now, clientsMax / 2);
    // Leaves some room, so that a crowd of blocked clients does not make every new one search the whole map.
    this.#forget(() => true, clientsMax * 0.9);
  }

  #forget(isExpendable: (client: ClientWindow) => boolean, sizeMax: number): void {
    for (const [name, client] of this.#clients) {
      if (this.#clients.size <= sizeMax) return;
      if (isExpendable(client)) this.#clients.delete(name);
    }
  }
}
