/**
 * A piece of SQL with its parameters: immutable, composable, and inert. It runs only when it is passed to
 * `Database.query`, so building a fragment has no effect.
 */
export class Fragment {
  /** The text around the parameters: always one element longer than `values`. */
  readonly texts: readonly string[];
  readonly values: readonly unknown[];

  constructor(texts: readonly string[], values: readonly unknown[]) {
    this.texts = texts;
    this.values = values;
  }
}

/**
 * Builds a statement or a part of one. Interpolated values become `$n` parameters, interpolated fragments are spliced
 * in; no value is ever written into the text.
 */
export function sql(strings: TemplateStringsArray, ...values: readonly unknown[]): Fragment {
  const texts: string[] = [strings[0] ?? ''];
  const parameters: unknown[] = [];
  for (const [index, value] of values.entries()) {
    const following = strings[index + 1] ?? '';
    if (value instanceof Fragment) {
      append(texts, parameters, value);
      texts[texts.length - 1] += following;
    } else {
      parameters.push(value);
      texts.push(following);
    }
  }
  return new Fragment(texts, parameters);
}

/** Joins fragments with `separator`; an empty list gives an empty fragment. */
export function join(fragments: readonly Fragment[], separator: string): Fragment {
  const texts: string[] = [''];
  const parameters: unknown[] = [];
  for (const [index, fragment] of fragments.entries()) {
    if (index > 0) texts[texts.length - 1] += separator;
    append(texts, parameters, fragment);
  }
  return new Fragment(texts, parameters);
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
  let text = fragment.texts[0] ?? '';
  for (let n = 1; n < fragment.texts.length; n++) text += `$${n}${fragment.texts[n]}`;
  return { text, params: [...fragment.values] };
}

function append(texts: string[], parameters: unknown[], fragment: Fragment): void {
  texts[texts.length - 1] += fragment.texts[0] ?? '';
  texts.push(...fragment.texts.slice(1));
  parameters.push(...fragment.values);
}
