import { createExecutionContext } from 'cloudflare:test';
import { type AppOptions, createApp } from '../../src/app.ts';
import type { Env } from '../../src/config.ts';
import { baseUrl, type Overrides, testEnv } from './test-env.ts';

export type { Overrides };

export interface CallOptions {
  readonly body?: unknown;
  /** Fields of a form, as a page posts them. */
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bearer token. */
  readonly bearer?: string;
  /** Cookies by name. Sent with the service's own Origin unless `headers` says otherwise. */
  readonly cookies?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Raw body. */
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever JSON came back
  readonly json: any;
  readonly setCookies: readonly string[];
  /** Round trips by Server-Timing; NaN where it is absent. */
  readonly roundTrips: number;
  /** Passwords hashed, by Server-Timing of development. */
  readonly hashes: number;
}

/** The same hash in the same format, a thousand times cheaper: most tests need an account, and few of them its hash. */
export const cheapParameters = { memoryKib: 8, passes: 1, lanes: 1 };

/** For tests about hashes, time and limits: the service decides what a password costs, as it is deployed. */
export const withLiveHashes = { argon2Parameters: undefined };

/** What the environment of a client has beside its own at the addresses of a route, by a pattern of them. */
const furtherVariables: { readonly pattern: RegExp; readonly variables: Overrides }[] = [];

/**
 * Gives every client of this file these variables at the addresses of a route, where it has no others of that name: so a
 * table over all routes can try one that only some configurations serve.
 */
export function serveWith(path: string, variables: Overrides): void {
  furtherVariables.push({ pattern: new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`), variables });
}

/** A client of the service in this isolate. Its password hashes are cheap, unless the options say otherwise. */
export class TestClient {
  readonly app: ReturnType<typeof createApp>;
  /** Its environment, at most addresses. */
  readonly env: Env;
  /** Its clock, in milliseconds. */
  readonly now: () => number;
  readonly #envWith: (variables: Overrides) => Env;
  /** One for each set of further variables: the service remembers what it has prepared by the object. */
  readonly #furtherEnvs = new Map<Overrides, Env>();

  constructor(
    overrides: Overrides = {},
    { bindings, ...options }: AppOptions & { bindings?: Pick<Env, 'RATE_LIMIT_KV' | 'RATE_LIMITER'> } = {},
  ) {
    this.#envWith = (variables) => ({ ...testEnv({ ...variables, ...overrides }), ...bindings });
    this.env = this.#envWith({});
    this.now = options.now ?? (() => Date.now());
    this.app = createApp({ argon2Parameters: cheapParameters, ...options });
  }

  /** Sends a request as it stands. */
  async send(request: Request): Promise<Answer> {
    const response = await this.app.fetch(request, this.#envAt(request), createExecutionContext());
    const text = await response.text();
    const timing = response.headers.get('Server-Timing') ?? '';
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: parseOrNull(text),
      setCookies: response.headers.getSetCookie(),
      roundTrips: Number(/db;desc="(\d+)"/.exec(timing)?.[1] ?? Number.NaN),
      hashes: Number(/hash;desc="(\d+)"/.exec(timing)?.[1] ?? Number.NaN),
    };
  }

  #envAt(request: Request): Env {
    const pathname = decodedPath(request.url);
    const variables = furtherVariables.find(({ pattern }) => pattern.test(pathname))?.variables;
    if (variables === undefined) return this.env;
    const env = this.#furtherEnvs.get(variables) ?? this.#envWith(variables);
    this.#furtherEnvs.set(variables, env);
    return env;
  }

  call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    return this.send(toRequest(method, path, options));
  }

  get(path: string, options?: CallOptions): Promise<Answer> {
    return this.call('GET', path, options);
  }

  post(path: string, body?: unknown, options?: Omit<CallOptions, 'body'>): Promise<Answer> {
    return this.call('POST', path, { ...options, ...(body !== undefined && { body }) });
  }

  /** Sends a page's form as the browser that shows the page does. */
  submit(
    path: string,
    form: Readonly<Record<string, string>>,
    options: Omit<CallOptions, 'body' | 'form'> = {},
  ): Promise<Answer> {
    return this.call('POST', path, { ...options, form, headers: { Origin: baseUrl, ...options.headers } });
  }
}

export function toRequest(method: string, path: string, options: CallOptions = {}): Request {
  const headers = new Headers();
  if (options.body !== undefined) headers.set('Content-Type', 'application/json');
  if (options.form !== undefined) headers.set('Content-Type', 'application/x-www-form-urlencoded');
  if (options.bearer !== undefined) headers.set('Authorization', `Bearer ${options.bearer}`);
  if (options.cookies !== undefined) {
    headers.set('Cookie', cookieHeader(options.cookies));
    if (method !== 'GET') headers.set('Origin', baseUrl);
  }
  for (const [name, value] of Object.entries(options.headers ?? {})) headers.set(name, value);
  const form = options.form && new URLSearchParams(options.form).toString();
  const body = options.body === undefined ? (form ?? null) : JSON.stringify(options.body);
  return new Request(`${baseUrl}${path}`, { method, headers, body });
}

export function cookieHeader(cookies: Readonly<Record<string, string>>): string {
  return Object.entries(cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');
}

/** The value that a Set-Cookie of this name gives, undefined where there is none. */
export function cookieValue(answer: Answer, name: string): string | undefined {
  const line = answer.setCookies.find((cookie) => cookie.startsWith(`${name}=`));
  return line?.slice(name.length + 1).split(';')[0];
}

/** The cookies of ours that an answer sets, by name. */
export function authCookies(answer: Answer): Record<string, string> {
  const names = ['__Host-nexora_access', '__Host-nexora_refresh'];
  return Object.fromEntries(names.map((name) => [name, cookieValue(answer, name) ?? '']));
}

/** As the router compares it: an address may have any letter encoded. */
function decodedPath(url: string): string {
  const { pathname } = new URL(url);
  try {
    return decodeURI(pathname);
  } catch {
    return pathname;
  }
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
