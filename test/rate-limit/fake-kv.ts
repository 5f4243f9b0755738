/** How a fake KV misbehaves: `429` is what a second write of one key within a second is answered. */
export type KvFault = 'throw' | 'hang' | '429' | 'stale';

interface Entry {
  readonly value: string;
  readonly metadata: unknown;
  readonly options: KVNamespacePutOptions | undefined;
}

/** The three calls of KV that the limiter makes, in memory and consistent; with a fault, as bad as KV can be. */
export class FakeKv {
  readonly entries = new Map<string, Entry>();
  /** Every call, as `get <key>`, `put <key>` or `list <prefix>`. */
  readonly calls: string[] = [];
  readonly getOptions: unknown[] = [];
  fault: KvFault | undefined;
  /** Runs before every answer; a test holds answers back with it. */
  beforeAnswer: () => Promise<void> = async () => {};

  constructor(fault?: KvFault) {
    this.fault = fault;
  }

  /** As the binding that the service takes. */
  get binding(): KVNamespace {
    return this as unknown as KVNamespace;
  }

  callsOf(kind: 'get' | 'put' | 'list', part = ''): string[] {
    return this.calls.filter((call) => call.startsWith(`${kind} `) && call.includes(part));
  }

  async get(key: string, options?: unknown): Promise<string | null> {
    this.getOptions.push(options);
    await this.#answer(`get ${key}`);
    return this.fault === 'stale' ? null : (this.entries.get(key)?.value ?? null);
  }

  async put(key: string, value: string, options?: KVNamespacePutOptions): Promise<void> {
    await this.#answer(`put ${key}`);
    if (this.fault === '429') throw new Error('KV PUT failed: 429 Too Many Requests');
    this.entries.set(key, { value, metadata: options?.metadata, options });
  }

  async list({ prefix }: { readonly prefix: string }): Promise<KVNamespaceListResult<unknown>> {
    await this.#answer(`list ${prefix}`);
    const found = [...this.entries].filter(([name]) => name.startsWith(prefix) && this.fault !== 'stale');
    const keys = found.map(([name, { metadata }]) => ({ name, metadata }));
    return { keys, list_complete: true, cacheStatus: null };
  }

  async #answer(call: string): Promise<void> {
    this.calls.push(call);
    if (this.fault === 'throw') throw new Error('KV failed');
    if (this.fault === 'hang') await new Promise(() => {});
    await this.beforeAnswer();
  }
}
