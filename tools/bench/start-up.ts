import { bundleWorker } from './bundle.ts';
import { canMeasureCpu, cpuMs } from './cpu-time.ts';
import { HttpClient } from './http-client.ts';
import { judge, type Report, type Row, type SectionOptions } from './report.ts';
import { createServiceVars } from './service-vars.ts';
import { importingWorkers, type StartUpWorkers, startingWorkers } from './start-up-workers.ts';
import { median } from './stats.ts';
import { startWorker, type WorkerSpec } from './workerd.ts';

const budgetMs = 12;
const starts = 9;
/** Nothing of a start asks the database. */
const unreachable = { url: 'postgresql://bench:bench@127.0.0.1/bench', endpoint: 'http://127.0.0.1:9/sql' };

/** Measures the CPU of the service's start beyond that of its floor, and of everything that it imports. */
export async function measureStartUp({ isQuick }: SectionOptions): Promise<Report> {
  const columns = ['start-up', 'over', 'median CPU', 'budget'];
  if (!(await canMeasureCpu())) {
    return { notes: [], columns, rows: [{ cells: ['service', 'floor', '', ''], verdict: 'unsupported' }] };
  }
  const count = isQuick ? 3 : starts;
  const service = await bundleWorker();
  const starting = await startingWorkers(service);
  const importing = await importingWorkers(service);
  const medians = await measureStarts(new Map([...starting, ...importing]), count);
  const costs = costsOf(starting, medians);
  const importCosts = costsOf(importing, medians).sort((a, b) => b.ms - a.ms);
  return {
    notes: notesOf(count),
    columns,
    rows: [...costs.map(toRow), judgeService(medians), ...importCosts.map(toRow)],
  };
}

function notesOf(count: number): string[] {
  return [
    `${count} starts each, interleaved, with the variables of a deployment; CPU of workerd until the first answer of GET /api/health/live.`,
    'A package that the service evaluates at its start is imported by a Worker that does nothing else.',
    'Everything else is imported at the first request, with all that it needs and the start has not: what features share counts for each. A difference of one or two milliseconds is noise.',
  ];
}

/**
 * The median CPU of each Worker, in milliseconds. Those that others are compared with start three times as often, spread
 * over the others: an error of theirs would be in every row.
 */
async function measureStarts(workers: StartUpWorkers, count: number): Promise<ReadonlyMap<string, number>> {
  const vars = await createServiceVars(unreachable);
  const times = new Map([...workers.keys()].map((name) => [name, [] as number[]]));
  const references = new Set(Array.from(workers.values(), ({ over }) => over));
  const compared = [...workers].filter(([name]) => references.has(name));
  const others = [...workers].filter(([name]) => !references.has(name));
  const third = Math.ceil(others.length / 3);
  const turns = [0, 1, 2].flatMap((part) => [...compared, ...others.slice(part * third, (part + 1) * third)]);
  for (let run = 0; run < count; run++) {
    for (const [name, { modules }] of turns) times.get(name)?.push(await startUpCpuMs({ modules, vars }));
  }
  return new Map(Array.from(times, ([name, values]) => [name, median(values)]));
}

interface StartUpCost {
  readonly name: string;
  readonly over: string;
  readonly ms: number;
}

function costsOf(workers: StartUpWorkers, medians: ReadonlyMap<string, number>): StartUpCost[] {
  return Array.from(workers, ([name, { over }]) => {
    const base = over === undefined ? 0 : medians.get(over);
    return { name, over: over ?? '', ms: (medians.get(name) ?? Number.NaN) - (base ?? Number.NaN) };
  });
}

function toRow({ name, over, ms }: StartUpCost): Row {
  return { cells: [name, over, `${ms.toFixed(1)} ms`, ''], verdict: undefined };
}

function judgeService(medians: ReadonlyMap<string, number>): Row {
  const floor = 'floor: Hono and driver';
  const ms = (medians.get('service') ?? Number.NaN) - (medians.get(floor) ?? Number.NaN);
  return { cells: ['service', floor, `${ms.toFixed(1)} ms`, `${budgetMs} ms`], verdict: judge(ms, budgetMs) };
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
