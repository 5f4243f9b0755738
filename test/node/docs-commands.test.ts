import { beforeAll, describe, expect, test } from 'vitest';
import { readProject } from '../support/node/project-files.ts';

let files: ReadonlyMap<string, string>;
/** Everything that tells people what to type. */
let texts: readonly [path: string, text: string][];

beforeAll(async () => {
  files = await readProject();
  texts = [...files].filter(([path]) =>
    /\.md$|^\.github\/|^\.ci\/|^\.dev\.vars\.example$|^wrangler\.toml$/.test(path),
  );
});

function found(pattern: RegExp): { readonly path: string; readonly name: string }[] {
  return texts.flatMap(([path, text]) =>
    [...text.matchAll(pattern)].map(([, name = '']) => ({ path, name })),
  );
}

describe('commands in the documents', () => {
  test('are scripts of package.json', () => {
    const { scripts } = JSON.parse(files.get('package.json') ?? '') as { readonly scripts: object };
    const named = found(/\bnpm run (?:--silent )?([a-z][a-z:-]*)/g);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ name }) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  test('name sections that the bench has', () => {
    const source = files.get('tools/bench/main.ts') ?? '';
    const sections = [...source.matchAll(/^ {2}\['([a-z-]+)', measure/gm)].map((match) => match[1]);
    const table = (files.get('docs/performance.md') ?? '').split('## Measure it yourself')[1] ?? '';
    const rows = [...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1]);
    expect(rows).toEqual(sections);
    const named = found(/npm run bench -- ([a-z -]+)/g).flatMap(({ name }) => name.trim().split(/ +/));
    expect(named.filter((name) => !name.startsWith('--') && !sections.includes(name))).toEqual([]);
  });

  test('set variables that are documented', () => {
    const told = files.get('docs/configuration.md') ?? '';
    const examples = ['.dev.vars.example', 'wrangler.toml'].map((path) => files.get(path) ?? '');
    const names = examples.flatMap((text) =>
      [...text.matchAll(/^(?:# )?([A-Z][A-Z_]{3,}) ?=/gm)].map((match) => match[1]!),
    );
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !new RegExp(`^\\| [^|]*\\b${name}\\b`, 'm').test(told))).toEqual([]);
  });
});

describe('the decisions', () => {
  test('are numbered without a gap, listed in order, and have the same four parts', () => {
    const pages = [...files.keys()].filter((path) => /^docs\/decisions\/\d/.test(path)).toSorted();
    expect(pages.length).toBeGreaterThan(10);
    const numbers = pages.map((path) => Number(/\/(\d{4})-/.exec(path)?.[1]));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    const listed = [...(files.get('docs/decisions/README.md') ?? '').matchAll(/\]\((\d{4}-[^)]+)\)/g)];
    expect(listed.map(([, name]) => `docs/decisions/${name}`)).toEqual(pages);
    for (const page of pages) {
      const text = files.get(page) ?? '';
      const headings = [...text.matchAll(/^##? (.+)$/gm)].map((match) => match[1]);
      expect(headings.slice(1), page).toEqual(['Context', 'Decision', 'Consequences', 'Rejected']);
      expect(text.split('\n').length, page).toBeLessThanOrEqual(60);
    }
  });
});
