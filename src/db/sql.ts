/**
 * A piece of SQL with its parameters: immutable, composable, and inert. It runs only when it is passed to
 * `Database.query`, so building a fragment has no effect.
 */
export class Fragment<R = unknown> {
  /** The type of the rows, which stands beside the statement that gives them; no value. */
  declare protected readonly row: R;
  /** The text around the values: always one element longer than `values`. */
  readonly texts: readonly string[];
  /** Parameters, and fragments in their place. */
  readonly values: readonly unknown[];

  constructor(texts: readonly string[], values: readonly unknown[]) {
    this.texts = texts;
    this.values = values;
  }
}

/**
 * Builds a statement or a part of one. Interpolated values become `$n` parameters, interpolated fragments are spliced
 * in; no value is ever written into the text. `R` is what a row of a whole statement is.
 */
export function sql<R = unknown>(strings: TemplateStringsArray, ...values: readonly unknown[]): Fragment<R> {
  return new Fragment(strings, values);
}

/** Joins fragments with `separator`; an empty list gives an empty fragment. */
export function join(fragments: readonly Fragment[], separator: string): Fragment {
  const texts = ['', ...fragments.map((_, index) => (index + 1 < fragments.length ? separator : ''))];
  return new Fragment(texts, fragments);
}

/**
 * The name of a table, column or CTE as SQL text. Only plain snake_case names are allowed, so request data never
 * passes.
 */
export function identifier(name: string): Fragment {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) throw new TypeError('not a plain SQL name');
  return new Fragment([name], []);
}

/** Returns the text with `$1`, `$2`, ... and the parameters in that order. */
export function compile(fragment: Fragment): { text: string; params: unknown[] } {
  const params: unknown[] = [];
  const textOf = ({ texts, values }: Fragment): string => {
    let text = texts[0] ?? '';
    for (const [index, value] of values.entries()) {
      text += value instanceof Fragment ? textOf(value) : `$${params.push(value)}`;
      text += texts[index + 1] ?? '';
    }
    return text;
  };
  return { text: textOf(fragment), params };
}
