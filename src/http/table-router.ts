import type { Result, Router } from 'hono/router';
import { TrieRouter } from 'hono/router/trie-router';
import type { H, RouterRoute } from 'hono/types';

type Registered = [handler: H, route: RouterRoute];

const noParameters = Object.freeze({});

/**
 * Finds what answers a path: in a table, and only where it has a parameter by Hono's TrieRouter. The table is given to it
 * whole, and what is in it is made when it is first asked for: to register each path with Hono costs a start 2 ms. Hono's
 * default router builds expressions of all paths with the first request, 10 ms for these, and then refuses them.
 */
export class TableRouter<V> implements Router<Registered> {
  readonly name = 'TableRouter';
  readonly #table: ReadonlyMap<string, V>;
  readonly #handlerOf: (value: V) => H;
  readonly #exact = new Map<string, Result<Registered>>();
  #withParameters: TrieRouter<Registered> | undefined;

  /** @param table by path */
  constructor(table: ReadonlyMap<string, V>, handlerOf: (value: V) => H) {
    this.#table = table;
    this.#handlerOf = handlerOf;
  }

  add(): void {
    throw new TypeError('the table has every path');
  }

  match(method: string, path: string): Result<Registered> {
    const known = this.#exact.get(path);
    if (known !== undefined) return known;
    const value = path.includes(':') ? undefined : this.#table.get(path);
    if (value === undefined) return this.#filledTrie().match(method, path);
    const result: Result<Registered> = [[[this.#register(path, value), noParameters]]];
    this.#exact.set(path, result);
    return result;
  }

  #filledTrie(): TrieRouter<Registered> {
    if (this.#withParameters === undefined) {
      this.#withParameters = new TrieRouter();
      for (const [path, value] of this.#table)
        if (path.includes(':')) this.#withParameters.add('ALL', path, this.#register(path, value));
    }
    return this.#withParameters;
  }

  #register(path: string, value: V): Registered {
    const handler = this.#handlerOf(value);
    return [handler, { basePath: '/', method: 'ALL', path, handler }];
  }
}
