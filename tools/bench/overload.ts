import { startBenchDatabase } from './bench-database.ts';
import { bundleWorker } from './bundle.ts';
import { canMeasureCpu, residentMib } from './cpu-time.ts';
import { HttpClient } from './http-client.ts';
import { startPoller } from './poller.ts';
import { judge, type Report, type SectionOptions } from './report.ts';
import { createServiceVars } from './service-vars.ts';
import { percentile } from './stats.ts';
import { startWorker } from './workerd.ts';

const crowd = 100;
const liveMsMax = 200;
/** The memory of an isolate, in MiB. */
const growthMibMax = 128;
/** The accepted answers to a login during overload: checked, or refused. */
const expected = [401, 503];

/** Measures whether the service stays up and answers cheap requests during 100 simultaneous logins (HSH-10). */
export async function measureOverload({ isQuick }: SectionOptions): Promise<Report> {
  const columns = ['overload', 'measured', 'budget'];
  if (!(await canMeasureCpu()))
    return { notes: [], columns, rows: [{ cells: ['everything', '', ''], verdict: 'unsupported' }] };
  const waves = isQuick ? 1 : 10;
  const database = await startBenchDatabase();
  try {
    const worker = await startWorker({ ...(await bundleWorker()), vars: await createServiceVars(database) });
    const logins = new HttpClient(worker.url, crowd);
    try {
      await logins.repeat({ method: 'GET', path: '/api/health/live' }, 200);
      const before = await residentMib(worker.pid);
      const statuses = new Map<number, number>();
      const liveMs: number[] = [];
      for (let wave = 0; wave < waves; wave++) {
        const poller = await startPoller(worker.url, '/api/health/live');
        const attempts = Array.from({ length: crowd }, async (_, index) => {
          const body = { email: `nobody-${index}@example.com`, password: 'not the right password' };
          const { status } = await logins.send({ method: 'POST', path: '/api/auth/login', body });
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        });
        await Promise.all(attempts);
        liveMs.push(...(await poller.stop()));
      }
      const growthMib = Math.max(0, (await residentMib(worker.pid)) - before);
      return { columns, ...describe({ waves, statuses, liveMs, growthMib }) };
    } finally {
      logins.close();
      await worker.stop();
    }
  } finally {
    await database.close();
  }
}

function describe(found: {
  readonly waves: number;
  readonly statuses: ReadonlyMap<number, number>;
  readonly liveMs: readonly number[];
  readonly growthMib: number;
}): Omit<Report, 'columns'> {
  const { waves, statuses, liveMs, growthMib } = found;
  const counts = [...statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${count} x ${status}`);
  const areExpected = [...statuses.keys()].every((status) => expected.includes(status));
  const p99 = percentile(liveMs, 0.99);
  return {
    notes: [`${waves} waves of ${crowd} logins at once, while /api/health/live is asked without a pause.`],
    rows: [
      { cells: ['logins', counts.join(', '), 'only 401 and 503'], verdict: areExpected ? 'ok' : 'over' },
      {
        cells: [
          `/api/health/live, 99th of 100 (${liveMs.length} asked)`,
          `${p99.toFixed(0)} ms`,
          `${liveMsMax} ms`,
        ],
        verdict: judge(p99, liveMsMax),
      },
      {
        cells: ['memory of workerd, growth', `${growthMib.toFixed(0)} MiB`, `${growthMibMax} MiB`],
        verdict: judge(growthMib, growthMibMax),
      },
    ],
  };
}
