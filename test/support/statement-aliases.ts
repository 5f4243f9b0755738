import { Fragment } from '../../src/db/sql.ts';

/** What stands between two parentheses of a statement, without what stands between parentheses within. */
interface Scope {
  /** The one whose aliases it sees beside its own. */
  readonly outer: Scope | undefined;
  text: string;
  /** The fragment that wrote each of its characters. */
  readonly writers: Fragment[];
}

/** Where a sub-select begins that sees no alias beside it: the body of a CTE, an item of FROM without LATERAL. */
const isApart = /(?:\b(?:FROM|JOIN|USING|AS(?: NOT)?(?: MATERIALIZED)?)|\bFROM [^()]*,)\s*$/;
const definition =
  /\b(?:FROM|JOIN|USING|UPDATE|INTO|,)\s+(?:LATERAL\s+)?(?:ONLY\s+)?(?:[a-z_]\w*|\(\))(?:\(\))?\s+(?:AS\s+)?(?=([a-z_]\w*))\1\b(?!\s*\.)/dg;
const reference = /(?<![\w.'$])([a-z_]\w*)(?=\.[a-z_*])/g;
const notAnAlias =
  /^(?:WHERE|ON|SET|USING|LEFT|CROSS|JOIN|ORDER|GROUP|LIMIT|FOR|RETURNING|VALUES|AS|SELECT)$/i;

/**
 * The aliases of a statement that a fragment takes from the one around it although an outer one gives the same name to
 * another row: whoever reads the fragment alone cannot know which is meant, and PostgreSQL takes the inner one.
 */
export function ambiguousAliases(statement: Fragment): string[] {
  const scopes = scopesOf(statement);
  const defined = new Map(scopes.map((scope) => [scope, definitionsIn(scope)]));
  const found = new Set<string>();
  for (const scope of scopes) {
    for (const { 1: alias = '', index } of scope.text.matchAll(reference)) {
      const definers: Fragment[] = [];
      for (let around: Scope | undefined = scope; around !== undefined; around = around.outer) {
        const definer = defined.get(around)?.get(alias);
        if (definer !== undefined) definers.push(definer);
      }
      const [innermost, ...others] = definers;
      const writer = scope.writers[index];
      if (innermost !== writer && others.some((other) => other !== innermost)) found.add(alias);
    }
  }
  return [...found];
}

function scopesOf(statement: Fragment): Scope[] {
  const scopes: Scope[] = [{ outer: undefined, text: '', writers: [] }];
  const open = [...scopes];
  const append = (text: string, writer: Fragment) => {
    for (const character of text) {
      const scope = open.at(-1);
      if (scope === undefined) return;
      if (character === ')' && open.length > 1) open.pop();
      const now = open.at(-1) ?? scope;
      now.text += character;
      now.writers.push(writer);
      if (character !== '(') continue;
      const before = now.text.slice(0, -1);
      const inner: Scope = { outer: isApart.test(before) ? now.outer : now, text: '', writers: [] };
      scopes.push(inner);
      open.push(inner);
    }
  };
  const walk = (fragment: Fragment) => {
    for (const [index, text] of fragment.texts.entries()) {
      append(text, fragment);
      if (index === fragment.values.length) continue;
      const value = fragment.values[index];
      if (value instanceof Fragment) walk(value);
      else append('$0', fragment);
    }
  };
  walk(statement);
  return scopes;
}

function definitionsIn({ text, writers }: Scope): Map<string, Fragment> {
  const found = new Map<string, Fragment>();
  for (const { 1: alias = '', index, 0: whole } of text.matchAll(definition)) {
    const writer = writers[index + whole.length - 1];
    if (!notAnAlias.test(alias) && writer !== undefined) found.set(alias, writer);
  }
  return found;
}
