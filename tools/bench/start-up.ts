import { bundleWorker } from './bundle.ts';
import { canMeasureCpu, cpuMs } from './cpu-time.ts';
import { HttpClient } from './http-client.ts';
import { judge, type Report, type SectionOptions } from './report.ts';
import { median } from './stats.ts';
import { startWorker, type WorkerSpec } from './workerd.ts';

const budgetMs = 25;
const starts = 15;

const bareWorker: WorkerSpec = {
  modules: new Map([
    ['index.mjs', new TextEncoder().encode('export default { fetch: () => new Response("alive") };')],
  ]),
};

/** Measures the CPU of the service's start beyond that of a Worker that does nothing. */
export async function measureStartUp({ isQuick }: SectionOptions): Promise<Report> {
  const columns = ['start-up, median CPU', 'measured', 'budget'];
  if (!(await canMeasureCpu())) {
    return { notes: [], columns, rows: [{ cells: ['service over bare', '', ''], verdict: 'unsupported' }] };
  }
  const service = await bundleWorker();
  const times = { bare: [] as number[], service: [] as number[] };
  const count = isQuick ? 3 : starts;
  for (let run = 0; run < count; run++) {
    times.bare.push(await startUpCpuMs(bareWorker));
    times.service.push(await startUpCpuMs(service));
  }
  const [bareMs, serviceMs] = [median(times.bare), median(times.service)];
  const overBareMs = serviceMs - bareMs;
  return {
    notes: [`${count} starts each, interleaved; CPU of workerd until the first answer.`],
    columns,
    rows: [
      { cells: ['bare Worker', `${bareMs.toFixed(1)} ms`, ''], verdict: undefined },
      { cells: ['service', `${serviceMs.toFixed(1)} ms`, ''], verdict: undefined },
      {
        cells: ['service over bare', `${overBareMs.toFixed(1)} ms`, `${budgetMs} ms`],
        verdict: judge(overBareMs, budgetMs),
      },
    ],
  };
}

async function startUpCpuMs(spec: WorkerSpec): Promise<number> {
  const worker = await startWorker(spec);
  const client = new HttpClient(worker.url, 1);
  try {
    await client.repeat({ method: 'GET', path: '/api/health/live' }, 1);
    return await cpuMs(worker.pid);
  } finally {
    client.close();
    await worker.stop();
  }
}
