import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stopProcess } from '../stop-process.ts';
import { type JsonReport, readReport, type TestOutcome } from './read-report.ts';

const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')));
const outputLengthMax = 4000;
const stopSteps = [{ signal: 'SIGTERM', waitMs: 2000 }] as const;

export interface TestRun {
  /** Where the copy of the project is. */
  readonly folder: string;
  readonly tests: readonly string[];
  /** A PostgreSQL server, with which the tests of races run as well. */
  readonly databaseUrl: string;
  readonly timeLimitMs: number;
  /** Further options of vitest. */
  readonly options?: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * Runs test files by vitest in a process of its own and reads its report.
 * @throws the signal's reason when it is aborted
 */
export async function runTests(run: TestRun): Promise<TestOutcome> {
  run.signal.throwIfAborted();
  const reportFile = join(run.folder, 'report.json');
  await rm(reportFile, { force: true });
  const child = spawn(
    process.execPath,
    [
      ...[vitest, 'run', ...run.tests, ...(run.options ?? [])],
      ...['--reporter=json', `--outputFile=${reportFile}`],
    ],
    {
      cwd: run.folder,
      // A group of its own, so that the runtimes that vitest starts end with it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TEST_DATABASE_URL: run.databaseUrl, TEST_SUITE: 'faults', NO_COLOR: '1' },
    },
  );
  const output = collectOutput(child);
  const stopped = AbortSignal.any([run.signal, AbortSignal.timeout(run.timeLimitMs)]);
  // It rejects when it is stopped, and when there was nothing to start, which leaves no report.
  await once(child, 'close', { signal: stopped }).catch(() => undefined);
  await stopProcess(child, stopSteps);
  run.signal.throwIfAborted();
  if (stopped.aborted) return { kind: 'timeout' };
  const report = await readFile(reportFile, 'utf8').catch(() => null);
  if (report === null) return { kind: 'error', reason: `there is no report:\n${output()}` };
  return readReport(JSON.parse(report) as JsonReport, run.folder, output());
}

/** Keeps the last of it, for the message if something goes wrong. */
function collectOutput(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString('utf8')).slice(-outputLengthMax);
    });
  }
  return () => text;
}
