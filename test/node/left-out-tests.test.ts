import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const files = globSync('test/**/*.ts').toSorted();

/** The files of the tests in which this stands. */
function filesWith(pattern: RegExp): string[] {
  return files.filter((file) => pattern.test(readFileSync(file, 'utf8')));
}

// What each of these leaves out, `npm run test:full` has: it sets TEST_SUITE to full, and chooses no files.
test('a test is left out of a run by test/support/races.ts and test/support/slow.ts alone', () => {
  expect(files.length).toBeGreaterThan(100);
  expect(
    filesWith(/\b(?:test|it|describe|vitestTest|vitestDescribe)\.(?:skip|skipIf|runIf|only|todo)\b/),
  ).toEqual(['test/support/races.ts', 'test/support/slow.ts']);
  expect(filesWith(/\bTEST_SUITE\b/)).toEqual([
    'test/node/left-out-tests.test.ts',
    'test/support/node/global-setup.ts',
  ]);
});
