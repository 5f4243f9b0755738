import { relative } from 'node:path';

/** What became of a run of tests. */
export type TestOutcome =
  | { readonly kind: 'passed'; readonly count: number }
  /** `by` names the first test that failed, or the file that did not load. */
  | { readonly kind: 'failed'; readonly by: string }
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
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/**
 * Judges a run by its report.
 * @param output what vitest wrote beside it, for the message where the report says nothing
 */
export function readReport(report: JsonReport, folder: string, output: string): TestOutcome {
  for (const { name, status, message, assertionResults } of report.testResults) {
    const file = relative(folder, name);
    const failed = assertionResults.find((test) => test.status === 'failed');
    if (failed) return { kind: 'failed', by: `${file}: ${failed.fullName}` };
    if (status === 'failed')
      return { kind: 'failed', by: `${file} as a whole: ${message.split('\n')[0] ?? ''}` };
  }
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const count = tests.filter(({ status }) => status === 'passed').length;
  if (count === 0) return { kind: 'error', reason: `no test ran:\n${output}` };
  if (!report.success) return { kind: 'error', reason: `no test failed, and the run did:\n${output}` };
  return { kind: 'passed', count };
}
