import type { ValuesOf, Variable, Variables } from './variable.ts';

/** Names and values as the platform passes them. */
export interface Environment {
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

/** Reads variables as they are declared and collects the names of all wrong ones, so that one start reports every problem. */
export class VariableReader {
  readonly #problems = new Set<string>();
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /**
   * The values of these variables. Until `throwProblems` has returned, a wrong one is what it would be without its text,
   * and a required one that is wrong is nothing at all.
   */
  values<V extends Variables>(variables: V): ValuesOf<V> {
    const values = Object.entries(variables).map(([member, variable]) => [member, this.#value(variable)]);
    return Object.fromEntries(values) as ValuesOf<V>;
  }

  /** Marks a variable as wrong. */
  refuse(name: string): void {
    this.#problems.add(name);
  }

  /** @throws ConfigError with the names of all missing or wrong variables */
  throwProblems(): void {
    if (this.#problems.size > 0) throw new ConfigError([...this.#problems]);
  }

  #value(variable: Variable): unknown {
    const text = this.#text(variable.name);
    if (text !== null) {
      try {
        return variable.parse(text);
      } catch {
        this.refuse(variable.name);
      }
    }
    if ('default' in variable) return variable.default === null ? null : variable.parse(variable.default);
    this.refuse(variable.name);
    return undefined;
  }

  /**
   * The value, trimmed; null when unset or empty. Numbers and booleans of wrangler.toml count as text; a binding or a
   * table in place of a variable is wrong.
   */
  #text(name: string): string | null {
    const value = this.#environment[name];
    if (value === undefined || value === null) return null;
    if (typeof value === 'object' || typeof value === 'function') {
      this.refuse(name);
      return null;
    }
    const trimmed = String(value).trim();
    return trimmed === '' ? null : trimmed;
  }
}
