import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { checkExactly } from './check.ts';
import { measureCleanUp } from './clean-up.ts';
import { measureLocks } from './locks.ts';
import { measureMailTiming } from './mail-timing.ts';
import { measureMixed } from './mixed.ts';
import { measureOverload } from './overload.ts';
import { type Report, renderReport, type Section } from './report.ts';
import { measureRequests } from './requests.ts';
import { measureScale } from './scale.ts';
import { measureSize } from './size.ts';
import { measureStartUp } from './start-up.ts';
import { measureTiming } from './timing.ts';
import { workerdVersion } from './workerd.ts';

// `npm run bench`: measures the performance budgets, and the requirements of ENU-02 to ENU-05, HSH-10 and CRN-08.

const sections: ReadonlyMap<string, Section> = new Map([
  ['size', measureSize],
  ['start-up', measureStartUp],
  ['requests', measureRequests],
  ['overload', measureOverload],
  ['scale', measureScale],
  ['clean-up', measureCleanUp],
  ['timing', measureTiming],
  ['mail-timing', measureMailTiming],
  ['locks', measureLocks],
  ['mixed', measureMixed],
]);

const help = `Usage: npm run bench -- [section ...] [--quick]
       npm run bench -- --check

Measures the service in workerd against its budgets; all sections when none is named.

  size       compressed size of the upload, and what it is made of: by module, package and folder
  start-up   CPU of a start over that of Hono and the driver alone, and what each later module costs (about a minute)
  requests   CPU of each hot route over that of a bare route that does the same cryptography and asks the database for
             as much, of a login over a bare hash; and their database round trips
  overload   whether a crowd of logins leaves cheap requests fast and the memory bounded (HSH-10)
  scale      latency on a database of 200,000 users and 500,000 sessions over that on a small one (about two minutes)
  clean-up   triggers until 600,000 due rows of every kind are gone (CRN-08, about three minutes)
  timing     whether the time of a failed login tells known from unknown accounts (about six minutes)
  mail-timing  the same of what sends mails: forgot, resend, and register with EMAIL_VERIFICATION=required (about three)

  locks      statements, and time under lock, of every flow with the database 1 ms away
  mixed      ten minutes of every flow at once on a few accounts: no deadlock, no 5xx

  --check    what is exact and the same on every machine, in seconds: the sizes of the modules, and that a login and each
             hot route answer 200 with the round trips that they are to have; measures nothing else
  --quick    a tenth of the work, to see that it runs; do not judge by its numbers
  --help     this text

Ends with code 1 when a number is over its budget. CPU is measured on Linux only.`;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const unknown = positionals.filter((name) => !sections.has(name));
  if (unknown.length > 0) {
    console.error(`no such section: ${unknown.join(', ')}\n\n${help}`);
    return 2;
  }
  if (values.check && (positionals.length > 0 || values.quick)) {
    console.error(`--check stands alone\n\n${help}`);
    return 2;
  }
  // A regular exit, on which the servers are stopped.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(130));
  console.log(describeMachine());
  if (values.check) return print('check', await checkExactly());
  return runSections(positionals.length === 0 ? [...sections.keys()] : positionals, values.quick);
}

async function runSections(names: readonly string[], isQuick: boolean): Promise<number> {
  let exitCode = 0;
  for (const [name, run] of sections) {
    if (!names.includes(name)) continue;
    exitCode = Math.max(exitCode, print(name, await run({ isQuick })));
  }
  return exitCode;
}

/** Returns the exit code: 1 when a number is over its budget. */
function print(name: string, report: Report): number {
  console.log(`\n${name}\n${renderReport(report)}`);
  return report.rows.some(({ verdict }) => verdict === 'over') ? 1 : 0;
}

function describeMachine(): string {
  const load = loadavg()[0]?.toFixed(1);
  return [
    `NEXORA Auth bench: ${process.platform} ${process.arch}, ${availableParallelism()} cores, load average ${load}`,
    `node ${process.version}, workerd ${workerdVersion}`,
  ].join('; ');
}
