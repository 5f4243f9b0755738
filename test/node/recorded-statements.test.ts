import { describe, expect, inject, test } from 'vitest';
import { readFolder, readSources } from '../../tools/sql-docs/read-files.ts';
import type { RunReport } from '../../tools/sql-docs/recorded-statement.ts';
import { keyOf, parseSqlFile, type Shape, shapesByName } from '../../tools/sql-docs/sql-file.ts';
import { findNames, namesWithoutFile } from '../../tools/sql-docs/statement-names.ts';

// Runs when the files of all other projects have run: see `sequence` in vitest.config.ts.

const report = (await (await fetch(`${inject('controlUrl')}/statements`)).json()) as RunReport;
const names = new Set(findNames(await readSources()).map(({ name }) => name));
for (const name of namesWithoutFile) names.delete(name);
const recorded = shapesByName(report.statements.filter(({ name }) => names.has(name)));
const written = new Map([...(await readFolder())].map(([name, text]) => [name, parseSqlFile(text).shapes]));

const hasRun = new Set(report.files);
const isWhole = inject('recordingFiles')?.every((file) => hasRun.has(file)) === true;

/** Those of `shapes` that are not among `others`, as what a person looks for in a file. */
function missing(
  shapes: ReadonlyMap<string, readonly Shape[]>,
  others: ReadonlyMap<string, readonly Shape[]>,
) {
  return [...shapes].flatMap(([name, own]) => {
    const known = new Set(others.get(name)?.map(keyOf));
    return own.filter((shape) => !known.has(keyOf(shape))).map((shape) => ({ name, shape }));
  });
}

describe('docs/sql, which `npm run sql-docs` writes,', () => {
  test('tells every statement that this run has compiled', ({ skip }) => {
    skip(recorded.size === 0, 'no test file that compiles statements has run');
    expect(missing(recorded, written)).toEqual([]);
  });

  test('tells no statement that the whole suite does not compile', ({ skip }) => {
    skip(!isWhole || inject('databaseKind') === 'pglite', 'only a part of the suite has run');
    expect(missing(written, recorded)).toEqual([]);
  });
});
