import { startBenchDatabase } from './bench-database.ts';
import { type BenchServer, startService } from './bench-service.ts';
import { canMeasureCpu, residentMib } from './cpu-time.ts';
import { startPoller } from './poller.ts';
import { judge, type Report, type SectionOptions } from './report.ts';
import { percentile } from './stats.ts';

const crowd = 100;
const liveMsMax = 200;
/** The memory of an isolate, in MiB. */
const growthMibMax = 128;
/** The accepted answers to a login during overload: checked, or refused. */
const expected = [401, 503];
const live = { method: 'GET', path: '/api/health/live' } as const;

/** Measures whether the service stays up and answers cheap requests during 100 simultaneous logins (HSH-10). */
export async function measureOverload({ isQuick }: SectionOptions): Promise<Report> {
  const columns = ['overload', 'measured', 'budget'];
  if (!(await canMeasureCpu()))
    return { notes: [], columns, rows: [{ cells: ['everything', '', ''], verdict: 'unsupported' }] };
  const waves = isQuick ? 1 : 10;
  await using database = await startBenchDatabase();
  await using service = await startService(database, { connections: crowd });
  await service.client.repeat(live, 200);
  const before = await residentMib(service.pid);
  const statuses: number[] = [];
  const liveMs: number[] = [];
  for (let wave = 0; wave < waves; wave++) {
    const poller = await startPoller(service.url, live.path);
    statuses.push(...(await logInAtOnce(service)));
    liveMs.push(...(await poller.stop()));
  }
  const growthMib = Math.max(0, (await residentMib(service.pid)) - before);
  const p99 = percentile(liveMs, 0.99);
  const counts = [...new Set(statuses)].sort().map((status) => {
    return `${statuses.filter((other) => other === status).length} x ${status}`;
  });
  const areExpected = statuses.every((status) => expected.includes(status));
  return {
    columns,
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

/** Returns the statuses of the answers. */
async function logInAtOnce({ client }: BenchServer): Promise<number[]> {
  const attempts = Array.from({ length: crowd }, (_, index) => {
    const body = { email: `nobody-${index}@example.com`, password: 'not the right password' };
    return client.send({ method: 'POST', path: '/api/auth/login', body });
  });
  return (await Promise.all(attempts)).map(({ status }) => status);
}
