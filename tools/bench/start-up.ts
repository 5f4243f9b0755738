import type { Modules } from '../build/build-worker.ts';
import { startServer } from './bench-service.ts';
import { type Bundle, bundleWorker } from './bundle.ts';
import { canMeasureCpu, cpuMs } from './cpu-time.ts';
import { judge, type Report, type Row, type SectionOptions } from './report.ts';
import { createServiceVars } from './service-vars.ts';
import { median } from './stats.ts';

/** A Worker that answers GET /api/health/live, and what its first answer is to be compared with. */
interface StartUpWorker {
  readonly modules: Modules;
  /** The Worker whose cost is subtracted; undefined for the one that does nothing. */
  readonly over?: string;
  readonly budgetMs?: number;
}

const bare = 'bare Worker';
const floor = 'floor: Hono and driver';
const wrapped = 'service, wrapped';
/** What a smaller module costs cannot be measured. */
const measuredBytesMin = 4096;
/** Nothing of a start asks the database. */
const unreachable = { url: 'postgresql://bench:bench@127.0.0.1/bench', endpoint: 'http://127.0.0.1:9/sql' };

/** Measures the CPU of the service's start beyond that of its floor, and of every module that it imports later. */
export async function measureStartUp({ isQuick }: SectionOptions): Promise<Report> {
  const columns = ['start-up', 'over', 'median CPU', 'budget'];
  if (!(await canMeasureCpu())) {
    return { notes: [], columns, rows: [{ cells: ['service', 'floor', '', ''], verdict: 'unsupported' }] };
  }
  const starts = isQuick ? 3 : 9;
  const service = await bundleWorker();
  const workers = new Map([...(await startingWorkers(service)), ...laterModules(service)]);
  const medians = await measureStarts([...workers], starts);
  const rows = Array.from(workers, ([name, { over, budgetMs }]): Row => {
    const ms =
      (medians.get(name) ?? Number.NaN) - (over === undefined ? 0 : (medians.get(over) ?? Number.NaN));
    return {
      cells: [name, over ?? '', `${ms.toFixed(1)} ms`, budgetMs === undefined ? '' : `${budgetMs} ms`],
      verdict: budgetMs === undefined ? undefined : judge(ms, budgetMs),
    };
  });
  return { notes: [`${starts} starts each, interleaved, ${notes}`], columns, rows };
}

const notes =
  'with the variables of a deployment; CPU of workerd until the first answer of GET /api/health/live. A module that ' +
  'is imported later is imported at that request, with all that it needs and the start has not. A difference of one or ' +
  'two milliseconds is noise.';

/** The Workers whose start is compared: one that does nothing, the floor in two steps, the service, and that with an entry. */
async function startingWorkers(service: Bundle): Promise<Map<string, StartUpWorker>> {
  const code = 'export default { fetch: () => new Response("alive") };';
  const hono = await bundleWorker(new URL('./hono-worker.ts', import.meta.url));
  const honoAndDriver = await bundleWorker(new URL('./hono-driver-worker.ts', import.meta.url));
  return new Map<string, StartUpWorker>([
    [bare, { modules: new Map([['index.mjs', Buffer.from(code)]]) }],
    ['Hono alone', { modules: hono.modules, over: bare }],
    [floor, { modules: honoAndDriver.modules, over: bare }],
    ['service', { modules: service.modules, over: floor, budgetMs: 12 }],
    [wrapped, { modules: withEntry(service), over: bare }],
  ]);
}

/** The service with each of the modules that its start does not evaluate. What needs the app is compared with it. */
function laterModules(service: Bundle): (readonly [string, StartUpWorker])[] {
  return [...service.renderedSources.keys()].flatMap((name) => {
    const code = Buffer.from(service.modules.get(name) ?? []);
    if (code.length < measuredBytesMin || service.startModules.has(name)) return [];
    const over = /\bfrom\s*["'`]\.\/app\.mjs["'`]/.test(code.toString('utf8')) ? 'module app.mjs' : wrapped;
    return [[`module ${name}`, { modules: withEntry(service, `await import("./${name}");`), over }] as const];
  });
}

/** The modules of the service behind an entry that does something first: nothing imports its own. */
function withEntry({ modules }: Bundle, statement = ''): Modules {
  const entry = `import service from "./service.mjs";
export default { async fetch(...args) { ${statement} return service.fetch(...args); } };`;
  const own = Array.from(modules, ([name, content]) => {
    return [name === 'index.mjs' ? 'service.mjs' : name, content] as const;
  });
  return new Map([...own, ['index.mjs', Buffer.from(entry)]]);
}

/**
 * The median CPU of each Worker, in milliseconds. Those that others are compared with start three times as often, spread
 * over the others: an error of theirs would be in every row.
 */
async function measureStarts(workers: readonly (readonly [string, StartUpWorker])[], count: number) {
  const vars = await createServiceVars(unreachable);
  const times = new Map(workers.map(([name]) => [name, [] as number[]]));
  const references = new Set(workers.map(([, { over }]) => over));
  const compared = workers.filter(([name]) => references.has(name));
  const others = workers.filter(([name]) => !references.has(name));
  const third = Math.ceil(others.length / 3);
  const turns = [0, 1, 2].flatMap((part) => [...compared, ...others.slice(part * third, (part + 1) * third)]);
  for (let run = 0; run < count; run++) {
    for (const [name, { modules }] of turns) {
      await using worker = await startServer({ modules, vars });
      await worker.client.repeat({ method: 'GET', path: '/api/health/live' }, 1);
      times.get(name)?.push(await cpuMs(worker.pid));
    }
  }
  return new Map(Array.from(times, ([name, values]) => [name, median(values)]));
}
