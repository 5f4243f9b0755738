import { relative } from 'node:path';

/** What became of a run of tests. */
export type TestOutcome =
  | { readonly kind: 'passed'; readonly count: number }
  | {
      readonly kind: 'failed';
      /** The test file, from the project's root. */
      readonly file: string;
      /** The first test that failed, or the file that did not load. */
      readonly by: string;
      /** The first line of what it said. */
      readonly message: string;
    }
  | { readonly kind: 'timeout' }
  /** The run itself went wrong, so that it says nothing about the tests. */
  | { readonly kind: 'error'; readonly reason: string };

/** What is read of vitest's JSON report. */
export interface JsonReport {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

/**
 * Judges a run by its report.
 * @param output what vitest wrote beside it, for the message where the report says nothing
 */
export function readReport(
  { success, testResults }: JsonReport,
  folder: string,
  output: string,
): TestOutcome {
  const failure = firstFailure(testResults);
  if (failure) {
    const [path, test, said = ''] = failure;
    const file = relative(folder, path);
    return { kind: 'failed', file, by: `${file}: ${test}`, message: said.split('\n')[0] ?? '' };
  }
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const count = tests.filter(({ status }) => status === 'passed').length;
  if (count === 0) return { kind: 'error', reason: `no test ran:\n${output}` };
  if (!success) return { kind: 'error', reason: `no test failed, and the run did:\n${output}` };
  return { kind: 'passed', count };
}

function firstFailure(
  files: JsonReport['testResults'],
): [path: string, test: string, said: string | undefined] | undefined {
  for (const { name, assertionResults } of files) {
    const test = assertionResults.find(({ status }) => status === 'failed');
    if (test) return [name, test.fullName, test.failureMessages?.[0]];
  }
  // A file that the run was not let come to, after a failure elsewhere, has failed as well, and says nothing.
  const unloaded = files.find(({ status, message }) => status === 'failed' && message !== '');
  return unloaded && [unloaded.name, 'as a whole', unloaded.message];
}
