import { beforeAll, describe, expect, test } from 'vitest';
import { readProject } from '../support/node/project-files.ts';

interface Row {
  readonly id: string;
  /** The heading of level two that it stands under. */
  readonly part: string;
  readonly tests: readonly string[];
}

/** What must have a test. A deviation has nothing to test. */
const testedParts = ['Guarantees', 'Traps of the platform'];

let files: ReadonlyMap<string, string>;
let rows: readonly Row[];

beforeAll(async () => {
  files = await readProject();
  rows = readRows(files.get('docs/security.md') ?? '');
});

function readRows(text: string): Row[] {
  return text.split(/^## /m).flatMap((section) => {
    const [part = ''] = section.split('\n');
    return [...section.matchAll(/^\| ([A-Z]{3}-\d{2}|T\d{1,2}) \|(.*)\|$/gm)].map(
      ([, id = '', cells = '']) => ({
        id,
        part,
        tests: [...(cells.split('|').at(-1) ?? '').matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path),
      }),
    );
  });
}

/** The ids that a text cites. In quotes of its own, `T1` is the country of the Tor network. */
function idsIn(text: string): Set<string> {
  const cited = text.replaceAll("'T1'", '').replaceAll('`T1`', '');
  return new Set([...cited.matchAll(/\b(?!UTF-)[A-Z]{3}-\d{2}\b|\bT\d{1,2}\b/g)].map(([id]) => id));
}

describe('the tables of docs/security.md', () => {
  test('have a row for every id that is cited anywhere', () => {
    expect(rows.length).toBeGreaterThan(200);
    const known = new Set(rows.map(({ id }) => id));
    const unknown = [...files].flatMap(([path, text]) =>
      [...idsIn(text)].filter((id) => !known.has(id)).map((id) => `${path}: ${id}`),
    );
    expect(unknown).toEqual([]);
  });

  test('have each id once', () => {
    const ids = rows.map(({ id }) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  test('name a test for every row, unless it tells of a deviation', () => {
    const parts = new Set(rows.map(({ part }) => part));
    expect([...parts]).toEqual([...testedParts, 'Deviations']);
    const isTested = ({ part, tests }: Row) => testedParts.includes(part) === tests.length > 0;
    expect(rows.filter((row) => !isTested(row)).map(({ id }) => id)).toEqual([]);
  });

  test('name tests that exist and cite the id', () => {
    const named = rows.flatMap(({ id, tests }) => tests.map((path) => ({ id, path })));
    expect(named.filter(({ path }) => !/\.test\.ts$/.test(path) || !files.has(path))).toEqual([]);
    expect(named.filter(({ id, path }) => !idsIn(files.get(path) ?? '').has(id))).toEqual([]);
  });
});

describe('the project', () => {
  /** Names of texts that are not part of it, also before an id. */
  const outside =
    /\bDESIGN\s+\d|\bSECURITY\s+(?:(?:\*|#|\/\/)\s+)?[A-Z]{1,3}-?\d|\bAPI\.md\b|\b(?:STYLE(?=[\s,.;:)])|LIBRARIES(?=[\s,.;:)]))/;

  test('cites no text but its own', () => {
    expect([...files].filter(([, text]) => outside.test(text)).map(([path]) => path)).toEqual([]);
  });
});
