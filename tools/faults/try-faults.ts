import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type PlantedFault, plant } from './planted-fault.ts';
import type { TestOutcome } from './read-report.ts';
import { runTests } from './run-tests.ts';

/** What the tests said to one fault. */
export interface TriedFault {
  readonly fault: PlantedFault;
  /** `survived`: every test passed with it. `error`: the run says nothing about it. */
  readonly outcome: 'killed' | 'survived' | 'error';
  /** The test that noticed it, or what went wrong. */
  readonly by: string;
  /** What that test said. */
  readonly message: string;
  readonly seconds: number;
}

export interface TrialSettings {
  /** A copy of the project for each fault that is tried at the same time. */
  readonly folders: readonly string[];
  readonly databaseUrl: string;
  readonly timeLimitMs: number;
  readonly signal: AbortSignal;
  /** Called with each result as it comes. */
  readonly onResult: (tried: TriedFault) => void;
}

/** Tries the faults one after the other in each folder, in the given order, and returns the results in that order. */
export async function tryFaults(
  faults: readonly PlantedFault[],
  settings: TrialSettings,
): Promise<TriedFault[]> {
  const waiting = [...faults.entries()];
  const results: TriedFault[] = [];
  const work = async (folder: string) => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, fault] = next;
      const tried = await tryFault(fault, folder, settings);
      results[index] = tried;
      settings.onResult(tried);
    }
  };
  await Promise.all(settings.folders.map(work));
  return results;
}

async function tryFault(
  fault: PlantedFault,
  folder: string,
  { databaseUrl, timeLimitMs, signal }: TrialSettings,
): Promise<TriedFault> {
  const startedAt = Date.now();
  const path = join(folder, fault.file);
  const source = await readFile(path, 'utf8');
  // The other folder has the other core.
  const options = ['--bail=1', '--maxWorkers=1'];
  const run = (tests: readonly string[]) =>
    runTests({ folder, tests, databaseUrl, timeLimitMs, signal, options });
  const planted = async () => {
    await writeFile(path, plant(fault, source));
    try {
      return await run(fault.tests);
    } finally {
      await writeFile(path, source);
    }
  };
  const verdict = await judgeTrial(planted, (file) => run([file]));
  return { fault, ...verdict, seconds: (Date.now() - startedAt) / 1000 };
}

/**
 * Judges a fault by a run with it. A failure counts only if the file passes without the fault: a test that fails now
 * and then kills nothing.
 * @param runWithout runs one test file without the fault
 */
export async function judgeTrial(
  runWith: () => Promise<TestOutcome>,
  runWithout: (file: string) => Promise<TestOutcome>,
): Promise<Pick<TriedFault, 'outcome' | 'by' | 'message'>> {
  const outcome = await runWith();
  switch (outcome.kind) {
    case 'failed': {
      const without = await runWithout(outcome.file);
      if (without.kind === 'passed') return { outcome: 'killed', by: outcome.by, message: outcome.message };
      const reason = without.kind === 'failed' ? without.by : outcome.file;
      return { outcome: 'error', by: `not green without the fault either: ${reason}`, message: '' };
    }
    case 'passed':
      return { outcome: 'survived', by: `${outcome.count} tests passed`, message: '' };
    case 'timeout':
      return { outcome: 'error', by: 'the tests did not end in time', message: '' };
    case 'error':
      return { outcome: 'error', by: outcome.reason, message: '' };
  }
}
