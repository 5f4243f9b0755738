import { parseArgs } from 'node:util';
import { plantedFaults } from './faults/list/index.ts';
import { listProblems } from './faults/list-problems.ts';
import type { PlantedFault } from './faults/planted-fault.ts';
import { copyProject } from './faults/project-copy.ts';
import type { TestOutcome } from './faults/read-report.ts';
import { runTests } from './faults/run-tests.ts';
import { selectFaults } from './faults/select-faults.ts';
import { type TriedFault, tryFaults } from './faults/try-faults.ts';
import { startPostgres } from './postgres/start-postgres.ts';

const help = `npm run test:faults                     plants each fault of tools/faults/list in a copy of the project
                                        and runs the tests that could notice
npm run test:faults -- SES-07 'mail-*'  only these: ids of guarantees or of faults, or patterns with *
  --jobs N                              how many at the same time (2)
  --help                                says this`;

const baselineMsMax = 30 * 60_000;
const faultMsMax = 5 * 60_000;
const interruptedCode = 130;

process.exitCode = await main();

async function main(): Promise<number> {
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interruption.abort());
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        help: { type: 'boolean', default: false },
        jobs: { type: 'string', default: '2' },
      },
    });
    if (values.help) {
      console.log(help);
      return 0;
    }
    const jobs = Number(values.jobs);
    if (!Number.isInteger(jobs) || jobs < 1) throw new Error('--jobs needs a whole number above 0.');
    const problems = listProblems(plantedFaults);
    if (problems.length > 0) throw new Error(problems.join('\n'));
    const { faults, unknown } = selectFaults(plantedFaults, positionals);
    if (unknown.length > 0)
      throw new Error(`No fault and no guarantee of one is called: ${unknown.join(' ')}`);
    return report(await tryAll(faults, jobs, interruption.signal));
  } catch (error) {
    if (interruption.signal.aborted) return interruptedCode;
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

async function tryAll(
  faults: readonly PlantedFault[],
  jobs: number,
  signal: AbortSignal,
): Promise<TriedFault[]> {
  const server = await startPostgres();
  const copies = await Promise.all(Array.from({ length: Math.min(jobs, faults.length) }, copyProject));
  const folders = copies.map(({ path }) => path);
  const [first] = folders;
  try {
    if (first === undefined) return [];
    await requireGreenTests(faults, first, server.url, signal);
    return await tryFaults(faults, {
      ...{ folders, databaseUrl: server.url },
      ...{ timeLimitMs: faultMsMax, signal, onResult: printResult },
    });
  } finally {
    for (const copy of copies) copy.remove();
    await server.close();
  }
}

/** @throws Error when a test fails without any fault: what it says of one would mean nothing */
async function requireGreenTests(
  faults: readonly PlantedFault[],
  folder: string,
  databaseUrl: string,
  signal: AbortSignal,
): Promise<void> {
  const tests = [...new Set(faults.flatMap((fault) => fault.tests))];
  const startedAt = Date.now();
  const outcome = await runTests({
    ...{ folder, tests, databaseUrl, timeLimitMs: baselineMsMax, signal },
    // All at once they are a load of their own; what fails every time is red.
    options: ['--retry=2'],
  });
  if (outcome.kind !== 'passed') throw new Error(`without a fault the tests must pass: ${describe(outcome)}`);
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(0);
  console.log(`without a fault ${outcome.count} tests of ${tests.length} files pass (${seconds} s)`);
}

function describe(outcome: TestOutcome): string {
  if (outcome.kind === 'failed') return `${outcome.by}: ${outcome.message}`;
  return outcome.kind === 'error' ? outcome.reason : outcome.kind;
}

function printResult({ fault, outcome, by, message, seconds }: TriedFault): void {
  const said = message === '' ? '' : `\n    ${message.slice(0, 200)}`;
  console.log(`${outcome}  ${fault.id}  ${seconds.toFixed(0)} s  ${by}${said}`);
}

/** Prints the sum and what is to be done; returns the exit code. */
function report(results: readonly TriedFault[]): number {
  const count = (wanted: TriedFault['outcome']) => results.filter(({ outcome }) => outcome === wanted).length;
  const survivors = results.filter(({ outcome }) => outcome === 'survived');
  console.log(`\n${count('killed')} of ${results.length} killed, ${count('error')} errors`);
  for (const { fault } of survivors) {
    console.log(`survived: ${fault.id} (${fault.guarantees.join(', ')}): ${fault.breaks}`);
  }
  for (const { fault, by } of results.filter(({ outcome }) => outcome === 'error')) {
    console.log(`error: ${fault.id}: ${by}`);
  }
  return survivors.length > 0 || count('error') > 0 ? 1 : 0;
}
