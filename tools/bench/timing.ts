import { startBenchDatabase } from './bench-database.ts';
import { bundleWorker } from './bundle.ts';
import { HttpClient } from './http-client.ts';
import { addressOf, type LoginClass, loginClasses, seedAccounts } from './login-classes.ts';
import type { Report, Row, SectionOptions } from './report.ts';
import { createServiceVars } from './service-vars.ts';
import { auc, median } from './stats.ts';
import { startWorker } from './workerd.ts';

const runs = 3;
const runsWanted = 2;
const aucDeviationMax = 0.1;

/** The times of one class in one run, in milliseconds, and the statuses that came. */
interface Sample {
  readonly times: number[];
  readonly statuses: Set<number>;
}

interface Size {
  readonly warmUps: number;
  readonly samples: number;
}

/** Whether the time of a failed login tells which accounts exist (SECURITY ENU-02, ENU-03, ENU-06). */
export async function measureTiming({ isQuick }: SectionOptions): Promise<Report> {
  const size = isQuick ? { warmUps: 2, samples: 20 } : { warmUps: 20, samples: 200 };
  const database = await startBenchDatabase();
  try {
    const vars = await createServiceVars(database);
    const worker = await startWorker({ ...(await bundleWorker()), vars });
    const client = new HttpClient(worker.url, 1);
    try {
      await registerOne(client);
      await seedAccounts(database.runner, vars.AUTH_SECRET);
      const perRun = [];
      for (let run = 0; run < runs; run++) perRun.push(await runOnce(client, size));
      return describe(perRun, size);
    } finally {
      client.close();
      await worker.stop();
    }
  } finally {
    await database.close();
  }
}

async function registerOne(client: HttpClient): Promise<void> {
  const password = 'the right password';
  const body = { email: 'first@example.com', name: 'Bench', password, confirmPassword: password };
  const { status, text } = await client.send({ method: 'POST', path: '/api/auth/register', body });
  if (status !== 201) throw new Error(`the account was not made: ${status} ${text}`);
}

/** One login of each class in turn, in an order that is drawn anew each time: none always follows the same one. */
async function runOnce(client: HttpClient, { warmUps, samples }: Size): Promise<Map<LoginClass, Sample>> {
  const found = new Map(
    loginClasses.map((one) => [one, { times: [] as number[], statuses: new Set<number>() }]),
  );
  for (let attempt = 0; attempt < warmUps + samples; attempt++) {
    for (const [one, sample] of shuffled([...found])) {
      const body = { email: addressOf(one, attempt), password: one.password };
      const { status, tookMs } = await client.send({ method: 'POST', path: '/api/auth/login', body });
      sample.statuses.add(status);
      if (attempt >= warmUps) sample.times.push(tookMs);
    }
  }
  return found;
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

function describe(perRun: readonly Map<LoginClass, Sample>[], { warmUps, samples }: Size): Report {
  return {
    notes: [
      `${samples} logins per class and run after ${warmUps} warm-ups, one at a time, classes in random order; ${runs} runs.`,
      `ok: AUC against "known" within 0.5 +- ${aucDeviationMax}, medians at most max(5 ms, 10 %) apart and only 401, in ${runsWanted} runs of ${runs};`,
      'locked ones are compared with "locked, known" and must be 429.',
      'HSH-11: bcrypt takes its own time; such hashes are replaced at the next login.',
    ],
    columns: ['failed login', 'median', 'AUC by run', 'median difference by run', 'status'],
    rows: loginClasses.map((one) => toRow(one, perRun)),
  };
}

function toRow(one: LoginClass, perRun: readonly Map<LoginClass, Sample>[]): Row {
  const verdicts = perRun.map((found) => compare(found, one));
  const passed = verdicts.filter(({ isAlike }) => isAlike).length;
  const statuses = new Set(perRun.flatMap((found) => [...(found.get(one)?.statuses ?? [])]));
  const cells = [
    one.name,
    `${median(verdicts.map((verdict) => verdict.medianMs)).toFixed(1)} ms`,
    verdicts.map((verdict) => verdict.auc.toFixed(2)).join(' '),
    `${verdicts.map((verdict) => verdict.differenceMs.toFixed(1)).join(' ')} ms`,
    [...statuses].join(' '),
  ];
  if (!one.isJudged) return { cells, verdict: undefined };
  return { cells, verdict: passed >= runsWanted ? 'ok' : 'over' };
}

function compare(found: ReadonlyMap<LoginClass, Sample>, one: LoginClass) {
  const other = loginClasses.find(({ name }) => name === one.reference);
  const reference = (other && found.get(other)?.times) ?? [];
  const { times, statuses } = found.get(one) ?? { times: [], statuses: new Set<number>() };
  const medianMs = median(times);
  const differenceMs = medianMs - median(reference);
  const ownAuc = auc(times, reference);
  const isAlike =
    Math.abs(ownAuc - 0.5) <= aucDeviationMax &&
    Math.abs(differenceMs) <= Math.max(5, median(reference) / 10) &&
    [...statuses].every((status) => status === one.status);
  return { medianMs, auc: ownAuc, differenceMs, isAlike };
}
