/** Names and values as the platform passes them. */
export interface Variables {
  readonly [name: string]: unknown;
}

/** The configuration is unusable. Contains the names of the wrong variables, never a value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly variables: readonly string[];

  constructor(variables: readonly string[]) {
    super(`missing or wrong: ${variables.join(', ')}`);
    this.variables = variables;
  }
}

/** Reads typed variables and collects the names of all invalid ones, so that one start reports every problem. */
export class VariableReader {
  readonly problems = new Set<string>();
  readonly #variables: Variables;

  constructor(variables: Variables) {
    this.#variables = variables;
  }

  /** Marks a variable as wrong. */
  refuse(name: string): void {
    this.problems.add(name);
  }

  /** Marks a required variable as missing and returns the stand-in. */
  missing<T>(name: string, standIn: T): T {
    this.refuse(name);
    return standIn;
  }

  /**
   * The value, trimmed; null when unset or empty. Numbers and booleans of wrangler.toml count as text; a binding or a
   * table in place of a variable is invalid.
   */
  text(name: string): string | null {
    const value = this.#variables[name];
    if (value === undefined || value === null) return null;
    if (typeof value === 'object' || typeof value === 'function') return this.missing(name, null);
    const trimmed = String(value).trim();
    return trimmed === '' ? null : trimmed;
  }

  integer(name: string, fallback: number, min: number, max: number): number {
    const text = this.text(name);
    if (text === null) return fallback;
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : this.missing(name, fallback);
  }

  boolean(name: string, fallback: boolean): boolean {
    return this.oneOf(name, ['true', 'false'], fallback ? 'true' : 'false') === 'true';
  }

  oneOf<const T extends string>(name: string, allowed: readonly T[], fallback: NoInfer<T>): T {
    const text = this.text(name);
    if (text === null) return fallback;
    return allowed.find((candidate) => candidate === text) ?? this.missing(name, fallback);
  }

  /**
   * An http(s) URL exactly as written; plain http only to this machine, and without `user:password@`, which `fetch`
   * would not send. Null when unset.
   */
  url(name: string): string | null {
    return this.parsed(name, (text) => {
      const { username, password } = secureUrl(text);
      if (username !== '' || password !== '') throw new TypeError('credentials');
      return text;
    });
  }

  /** An origin such as `https://auth.example.com`: no path, query or credentials. Null when unset. */
  origin(name: string): string | null {
    return this.parsed(name, toOrigin);
  }

  /** Comma-separated origins. A wildcard is refused. */
  origins(name: string): ReadonlySet<string> {
    const parse = (text: string) => new Set(text.split(',').map((part) => toOrigin(part.trim())));
    return this.parsed(name, parse) ?? new Set();
  }

  databaseUrl(name: string): string | null {
    return this.parsed(name, (text) => {
      // Parsed as the driver does, by the rules for http, which are strict about the host.
      const url = new URL(text.replace(/^postgres(ql)?:/i, 'http:'));
      const isComplete = url.hostname !== '' && url.username !== '' && url.pathname.length > 1;
      if (!/^postgres(ql)?:/i.test(text) || !isComplete) throw new TypeError('not a database');
      return text;
    });
  }

  /** Random bytes in base64 or base64url, at least `minBytes` of them (RFC 8725 section 3.5). */
  secretBytes(name: string, minBytes: number): Uint8Array | undefined {
    const parse = (text: string) => {
      const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
      const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
      if (bytes.length < minBytes) throw new RangeError('too short');
      return bytes;
    };
    return this.parsed(name, parse) ?? undefined;
  }

  /** A cookie name (RFC 6265 section 4.1.1) other than our own. */
  cookieName(name: string): string | null {
    return this.parsed(name, (text) => {
      if (!/^[\w!#$%&'*+.^`|~-]{1,128}$/.test(text) || text.startsWith('__Host-nexora'))
        throw new TypeError('no');
      return text;
    });
  }

  /** A secret that is sent in a header as it is: visible ASCII without spaces. Null when unset. */
  headerSecret(name: string): string | null {
    return this.parsed(name, (text) => {
      if (!/^[\x21-\x7e]+$/.test(text)) throw new TypeError('not fit for a header');
      return text;
    });
  }

  /** Returns the result of `parse`; when it throws, the variable is invalid. Null when unset or invalid. */
  parsed<T>(name: string, parse: (text: string) => T): T | null {
    const text = this.text(name);
    if (text === null) return null;
    try {
      return parse(text);
    } catch {
      return this.missing(name, null);
    }
  }
}

function secureUrl(text: string): URL {
  const url = new URL(text);
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback))
    throw new TypeError('not secure');
  return url;
}

function toOrigin(text: string): string {
  const url = secureUrl(text);
  // The URL parser accepts `*` in a host name.
  if (url.href !== `${url.origin}/` || url.hostname.includes('*')) throw new TypeError('not one origin');
  return url.origin;
}
