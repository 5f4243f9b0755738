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

/** The texts of joins, by number and separator, so that each is one array however often it is made. */
const textsOfJoins = new Map<string, readonly string[]>();

/** Joins fragments with `separator`; an empty list gives an empty fragment. */
export function join(fragments: readonly Fragment[], separator: string): Fragment {
  const key = `${fragments.length} ${separator}`;
  const texts = textsOfJoins.get(key) ?? [
    '',
    ...fragments.map((_, index) => (index + 1 < fragments.length ? separator : '')),
  ];
  textsOfJoins.set(key, texts);
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

/**
 * The text of every shape of statement that was compiled, as a tree over what is written in the source: the strings of one
 * template or join after the other, and what stands between them. Its size is that of the code, whatever the values are.
 */
class Shape {
  text: string | undefined;
  #afterParameter: Shape | undefined;
  // A text that was made by hand takes its shapes with it.
  readonly #afterTexts = new WeakMap<readonly string[], Shape>();

  get afterParameter(): Shape {
    this.#afterParameter ??= new Shape();
    return this.#afterParameter;
  }

  after(texts: readonly string[]): Shape {
    const known = this.#afterTexts.get(texts);
    if (known !== undefined) return known;
    const shape = new Shape();
    this.#afterTexts.set(texts, shape);
    return shape;
  }
}

const noShape = new Shape();

/**
 * Returns the text with `$1`, `$2`, ... and the parameters in that order. The text is put together once for each shape of
 * statement.
 */
export function compile(fragment: Fragment): { text: string; params: unknown[] } {
  const params: unknown[] = [];
  const shape = collect(fragment, noShape, params);
  shape.text ??= write(fragment);
  return { text: shape.text, params };
}

/** Collects the parameters, and finds the shape behind `before`. */
function collect({ texts, values }: Fragment, before: Shape, params: unknown[]): Shape {
  let shape = before.after(texts);
  for (const value of values) {
    if (value instanceof Fragment) {
      shape = collect(value, shape, params);
    } else {
      params.push(value);
      shape = shape.afterParameter;
    }
  }
  return shape;
}

function write(fragment: Fragment): string {
  let count = 0;
  const textOf = ({ texts, values }: Fragment): string => {
    let text = texts[0] ?? '';
    for (const [index, value] of values.entries()) {
      text += value instanceof Fragment ? textOf(value) : `$${++count}`;
      text += texts[index + 1] ?? '';
    }
    return text;
  };
  return textOf(fragment);
}
