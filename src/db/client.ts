import { type NeonQueryFunction, neon, neonConfig } from '@neondatabase/serverless';
import { DatabaseError, toDatabaseError } from './database-error.ts';
import { compile, type Fragment } from './sql.ts';

export interface DatabaseSettings {
  /** Connection string, `postgres://user:password@host/name`. Contains a password: never logged. */
  readonly url: string;
  /** URL of a Neon-compatible SQL-over-HTTP endpoint; null for the one that the driver derives from `url`. */
  readonly endpoint: string | null;
  /** The longest wait for one response, in milliseconds. */
  readonly timeoutMs: number;
}

export interface QueryOptions {
  /**
   * Whether running the statement twice leaves the same state and returns the same rows. Only an idempotent statement
   * is retried, once, when its response was lost (DBF-04). Default false.
   */
  readonly isIdempotent?: boolean;
}

/** The steps of a batch by what each does, such as `holdUser`, in the order in which they are written. */
export type Steps = Readonly<Record<string, Fragment | null>>;

/** The rows of each step, as its statement types them. */
export type RowsOf<S extends Steps> = {
  readonly [Step in keyof S]: S[Step] extends Fragment<infer R> | null ? R[] : never;
};

/** The database for one request: its statements share a time budget and a counter of round trips. */
export interface Database {
  /**
   * Runs one statement in one round trip. Its `name` is used nowhere else: kebab-case, the verb first.
   * @throws DatabaseError
   */
  query<R>(name: string, statement: Fragment<R>, options?: QueryOptions): Promise<R[]>;
  /**
   * Runs the steps in their order, in one round trip and one READ COMMITTED transaction, so that each sees what others
   * committed before it began. Returns the rows of each step. A step that is null is left out and has no rows.
   * @throws DatabaseError
   */
  batch<const S extends Steps>(name: string, steps: S, options?: QueryOptions): Promise<RowsOf<S>>;
  /** Calls to the database so far, retries included. */
  readonly roundTrips: number;
  /** How long these calls took, in milliseconds. */
  readonly waitedMs: number;
}

/** The longest time that one request may wait for the database, in milliseconds (DBF-02). */
const requestBudgetMs = 8000;

interface CallInit extends RequestInit {
  readonly endpoint: string | null;
}

// The driver's settings are global to the isolate. The endpoint therefore travels with each call, so that two
// configurations never share it.
neonConfig.fetchFunction = (derivedEndpoint: string, { endpoint, ...init }: CallInit) =>
  fetch(endpoint ?? derivedEndpoint, init);

/** Prepares the driver for one database; each call of the result opens the database for one request. */
export function connect(settings: DatabaseSettings): () => Database {
  const driver = neon(settings.url, { disableWarningInBrowsers: true });
  return () => new RequestDatabase(driver, settings);
}

class RequestDatabase implements Database {
  roundTrips = 0;
  waitedMs = 0;
  readonly #driver: NeonQueryFunction<false, false>;
  readonly #settings: DatabaseSettings;
  readonly #budgetEndsAt = Date.now() + requestBudgetMs;

  constructor(driver: NeonQueryFunction<false, false>, settings: DatabaseSettings) {
    this.#driver = driver;
    this.#settings = settings;
  }

  query<R>(_name: string, statement: Fragment<R>, options: QueryOptions = {}): Promise<R[]> {
    const { text, params } = compile(statement);
    return this.#retryWhenLost(options, async (fetchOptions) => {
      const rows = await this.#driver.query(text, params, { fetchOptions });
      return rows as R[];
    });
  }

  async batch<const S extends Steps>(
    _name: string,
    steps: S,
    options: QueryOptions = {},
  ): Promise<RowsOf<S>> {
    const parts = partsOf(steps);
    const compiled = parts.map(([, statement]) => compile(statement));
    const results = await this.#retryWhenLost(options, (fetchOptions) =>
      this.#driver.transaction(
        compiled.map(({ text, params }) => this.#driver.query(text, params)),
        { fetchOptions, isolationLevel: 'ReadCommitted' },
      ),
    );
    const rows = Object.fromEntries(Object.keys(steps).map((step): [string, unknown[]] => [step, []]));
    for (const [n, [step]] of parts.entries()) rows[step] = results[n] ?? [];
    return rows as RowsOf<S>;
  }

  async #retryWhenLost<T>(options: QueryOptions, call: (fetchOptions: object) => Promise<T>): Promise<T> {
    try {
      return await this.#attempt(call);
    } catch (error) {
      if (!options.isIdempotent || !isWorthRepeating(error)) throw error;
      await scheduler.wait(20 + Math.random() * 80);
      return await this.#attempt(call);
    }
  }

  async #attempt<T>(call: (fetchOptions: object) => Promise<T>): Promise<T> {
    const startedAt = Date.now();
    const waitMs = Math.min(this.#settings.timeoutMs, this.#budgetEndsAt - startedAt);
    if (waitMs <= 0) throw new DatabaseError('unknown', null, null, 'the request has used up its time');
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), waitMs);
    this.roundTrips += 1;
    try {
      return await call({ signal: controller.signal, endpoint: this.#settings.endpoint });
    } catch (thrown) {
      throw toDatabaseError(thrown);
    } finally {
      clearTimeout(timer);
      this.waitedMs += Date.now() - startedAt;
    }
  }
}

function partsOf(steps: Steps): [step: string, statement: Fragment][] {
  return Object.entries(steps).flatMap(([step, statement]): [string, Fragment][] => {
    // An object puts such keys first, wherever they are written.
    if (/^\d+$/.test(step)) throw new TypeError('a step must have a name, not a number');
    return statement === null ? [] : [[step, statement]];
  });
}

// A lost response, a lost race or a server without room may succeed a moment later. A refused statement will not.
function isWorthRepeating(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return false;
  return error.outcome === 'unknown' || /^(40001|40P01|53300|55P03|57P0)/.test(error.code ?? '');
}
