import { relative } from 'node:path';

/** What became of a run of tests. */
export type TestOutcome =
  | { readonly kind: 'passed'; readonly count: number }
  | FailedOutcome
  | { readonly kind: 'timeout' }
  /** The run itself went wrong, so that it says nothing about the tests. */
  | { readonly kind: 'error'; readonly reason: string };

interface FailedOutcome {
  readonly kind: 'failed';
  /** The test file, from the project's root. */
  readonly file: string;
  /** The first test that failed, or the file that did not load. */
  readonly by: string;
  /** The first line of what it said. */
  readonly message: string;
}

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
  const failed = failedTest(testResults) ?? unloadedFile(testResults);
  if (failed) {
    const file = relative(folder, failed.file);
    return { kind: 'failed', file, by: `${file}: ${failed.test}`, message: failed.message };
  }
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const count = tests.filter(({ status }) => status === 'passed').length;
  if (count === 0) return { kind: 'error', reason: `no test ran:\n${output}` };
  if (!success) return { kind: 'error', reason: `no test failed, and the run did:\n${output}` };
  return { kind: 'passed', count };
}

interface Failure {
  readonly file: string;
  readonly test: string;
  readonly message: string;
}

function failedTest(files: JsonReport['testResults']): Failure | undefined {
  for (const { name: file, assertionResults } of files) {
    const test = assertionResults.find(({ status }) => status === 'failed');
    if (test) return { file, test: test.fullName, message: firstLine(test.failureMessages?.[0]) };
  }
  return undefined;
}

/** A file that the run was not let come to, after a failure elsewhere, has failed as well, and says nothing. */
function unloadedFile(files: JsonReport['testResults']): Failure | undefined {
  const file = files.find(({ status, message }) => status === 'failed' && message !== '');
  return file && { file: file.name, test: 'as a whole', message: firstLine(file.message) };
}

function firstLine(text = ''): string {
  return text.split('\n')[0] ?? '';
}
