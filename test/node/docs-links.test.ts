import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readProject } from '../support/node/project-files.ts';

const files = await readProject();
const documents = [...files].filter(([path]) => /^(?:docs\/.*|[^/]+)\.md$/.test(path));

function exists(path: string): boolean {
  return files.has(path) || [...files.keys()].some((file) => file.startsWith(`${path.replace(/\/$/, '')}/`));
}

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf(path: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutCode(files.get(path) ?? '').matchAll(/^#{1,6} +(.+)$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const anchor = plain
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}

/** A document without its fenced blocks, in which a # begins no heading. */
function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '');
}

describe('the documents', () => {
  test('name no file that is not there', () => {
    expect(documents.length).toBeGreaterThan(2);
    const named = documents.flatMap(([document, text]) =>
      [...text.matchAll(/(?<![\w/.<-])(?:\.ci|\.github|docs|migrations|src|test|tools)\/[\w./-]*/g)].map(
        ([path]) => ({ document, path: path.replace(/[.-]+$/, '') }),
      ),
    );
    expect(named.length).toBeGreaterThan(100);
    expect(named.filter(({ path }) => !exists(path))).toEqual([]);
  });

  test('link to files and headings that are there', () => {
    const links = documents.flatMap(([document, text]) =>
      [...withoutCode(text).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(([, target = '']) => {
        const [file = '', anchor] = target.split('#');
        const path = file === '' ? document : posix.join(posix.dirname(document), file);
        return { document, target, path, anchor };
      }),
    );
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter(({ path }) => !exists(path))).toEqual([]);
    const withAnchor = links.filter(({ anchor }) => anchor !== undefined);
    expect(withAnchor.filter(({ path, anchor = '' }) => !anchorsOf(path).has(anchor))).toEqual([]);
  });
});

describe('README.md', () => {
  const readme = files.get('README.md') ?? '';

  test('can be read in one go: it has at most 150 lines', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
  });

  test('begins with the two commands', () => {
    expect(/```bash\n([\s\S]*?)```/.exec(readme)?.[1]).toMatch(
      /^npm ci && npm run dev .*\nnpm ci && npm test .*\n$/,
    );
  });

  test('leads to every document', () => {
    const pages = [...files.keys()].filter((path) => /^docs\/[^/]+\.md$/.test(path));
    expect(pages.length).toBeGreaterThan(8);
    expect(pages.filter((path) => !readme.includes(`](${path})`))).toEqual([]);
    for (const file of [
      'LICENSE',
      'SECURITY.md',
      'CONTRIBUTING.md',
      'CHANGELOG.md',
      'docs/decisions/README.md',
    ])
      expect(readme).toContain(`](${file})`);
  });
});

describe('the glossary', () => {
  const glossary = files.get('docs/glossary.md') ?? '';
  const sources = [...files].filter(([path]) => /^(?:src|migrations)\//.test(path)).map(([, text]) => text);

  test('names only what stands in the code', () => {
    const names = [...glossary.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
    // Paths have a test of their own; what has blanks is SQL or a method with its path.
    const words = names.filter((name) => !/[\s/]/.test(name) && !files.has(name) && !name.endsWith('.sql'));
    expect(words.length).toBeGreaterThan(50);
    expect(words.filter((word) => !sources.some((text) => text.includes(word)))).toEqual([]);
  });

  test('has each term once', () => {
    const terms = [...glossary.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell = '']) => cell.split(', '));
    const named = terms.filter((term) => !['term', '---', 'link'].includes(term));
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((term, index) => named.indexOf(term) !== index)).toEqual([]);
  });
});
