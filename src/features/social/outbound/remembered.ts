/** How long a value is used without asking again, and how long at most where asking fails. In seconds. */
export interface Ages {
  readonly fresh: number;
  readonly stale: number;
}

interface Entry<Value> {
  readonly value: Value;
  readonly at: number;
}

/** A fresh value that will not do is asked for anew after so long. */
const askAgainSeconds = 60;
/** So that no configuration, however often it changes, lets an isolate grow. */
const entriesMax = 64;
/** After a failure nobody asks again for so long, in milliseconds: a provider that is down is not called by every request. */
const pauseMs = 5000;

/**
 * Values that were fetched, for the life of an isolate. It holds values and the times of failures, never a promise: one
 * that a cancelled request left behind would hang every later request (T21, DBF-17). Losing them costs one call.
 */
export class Remembered<Value> {
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #failures = new Map<string, { readonly at: number; readonly error: unknown }>();
  readonly #ages: Ages;

  constructor(ages: Ages) {
    this.#ages = ages;
  }

  /**
   * The value under this name: a remembered one while it is fresh, else what `load` answers, else a stale one.
   * @param isUsable whether a fresh value will do; one that will not is asked for anew
   * @throws what `load` throws
   */
  async get(
    name: string,
    load: () => Promise<Value>,
    isUsable: (value: Value) => boolean = () => true,
  ): Promise<Value> {
    const known = this.#entries.get(name);
    const ageSeconds = known === undefined ? Number.POSITIVE_INFINITY : (Date.now() - known.at) / 1000;
    if (
      known !== undefined &&
      ageSeconds < this.#ages.fresh &&
      (isUsable(known.value) || ageSeconds < askAgainSeconds)
    )
      return known.value;
    try {
      return await this.#load(name, load);
    } catch (error) {
      if (known !== undefined && ageSeconds < this.#ages.stale) return known.value;
      throw error;
    }
  }

  async #load(name: string, load: () => Promise<Value>): Promise<Value> {
    const failure = this.#failures.get(name);
    if (failure !== undefined && Date.now() - failure.at < pauseMs) throw failure.error;
    try {
      const value = await load();
      keep(this.#entries, name, { value, at: Date.now() });
      this.#failures.delete(name);
      return value;
    } catch (error) {
      keep(this.#failures, name, { at: Date.now(), error });
      throw error;
    }
  }
}

function keep<T>(map: Map<string, T>, name: string, value: T): void {
  map.delete(name);
  map.set(name, value);
  const [oldest] = map.keys();
  if (map.size > entriesMax && oldest !== undefined) map.delete(oldest);
}
