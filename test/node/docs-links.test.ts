import { posix } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readProject } from '../support/node/project-files.ts';

let files: ReadonlyMap<string, string>;
let documents: readonly [path: string, text: string][];

beforeAll(async () => {
  files = await readProject();
  documents = [...files].filter(([path]) => /^(?:docs\/.*|[^/]+)\.md$/.test(path));
});

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
