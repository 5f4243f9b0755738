import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Modules } from '../build/build-worker.ts';
import { projectFolder } from '../project.ts';
import { type Bundle, bundleWorker } from './bundle.ts';
import { moduleOfPackage, openServiceGraph, type ServiceGraph } from './service-graph.ts';
import { packageOf } from './source-sizes.ts';

/** A Worker that answers GET /api/health/live, and what its first answer is to be compared with. */
export interface StartUpWorker {
  readonly modules: Modules;
  /** The Worker whose cost is subtracted; undefined for the one that does nothing. */
  readonly over?: string;
}

/** Workers by name. */
export type StartUpWorkers = ReadonlyMap<string, StartUpWorker>;

const featuresFolder = join(projectFolder, 'src/features');
const bareCode = 'export default { fetch: () => new Response("alive") };';
/** What a smaller module costs cannot be measured. */
const measuredBytesMin = 4096;

/**
 * The Workers whose start is compared: one that does nothing, the floor in two steps, the service, and the service behind
 * an entry as that of `importingWorkers`.
 */
export async function startingWorkers(service: Bundle): Promise<StartUpWorkers> {
  const hono = await bundleWorker(new URL('./hono-worker.ts', import.meta.url));
  const floor = await bundleWorker(new URL('./hono-driver-worker.ts', import.meta.url));
  return new Map<string, StartUpWorker>([
    ['bare Worker', { modules: withEntry([], bareCode) }],
    ['Hono alone', { modules: hono.modules, over: 'bare Worker' }],
    ['floor: Hono and driver', { modules: floor.modules, over: 'bare Worker' }],
    ['service', { modules: service.modules, over: 'bare Worker' }],
    ['service, wrapped', { modules: withEntry(renamed(service.modules), wrap()), over: 'bare Worker' }],
  ]);
}

/**
 * A Worker for everything whose import has a price: each package that the service evaluates when it starts, alone over a
 * Worker that does nothing; and at the first request to the service each other package, each module of the upload, and each
 * feature with all that it needs.
 */
export async function importingWorkers(service: Bundle): Promise<StartUpWorkers> {
  const features = await listFeatures();
  const graph = await openServiceGraph(features);
  try {
    return new Map([
      ...(await packagesAtStart(graph)),
      ...(await packagesLater(graph, service)),
      ...uploadedModules(service),
      ...(await importedFeatures(graph, service, features)),
    ]);
  } finally {
    await graph.close();
  }
}

async function packagesAtStart(graph: ServiceGraph): Promise<StartUpWorkers> {
  const divided = await graph.divideByPackage(graph.packages.atStart);
  return new Map(
    graph.packages.atStart.map((name): [string, StartUpWorker] => {
      const file = moduleOfPackage(name);
      const needed = [...divided].filter(([other]) => other === file || other === 'rolldown-runtime.mjs');
      const code = `import "./${file}"; ${bareCode}`;
      return [`package ${name}`, { modules: withEntry(needed, code), over: 'bare Worker' }];
    }),
  );
}

async function packagesLater(graph: ServiceGraph, service: Bundle): Promise<StartUpWorkers> {
  const divided = await graph.divideByPackage(graph.packages.later);
  return new Map(
    graph.packages.later.map((name) => [
      `package ${name}`,
      importing([...assetsOf(service), ...divided], `import("./${moduleOfPackage(name)}")`),
    ]),
  );
}

/** The modules that are more than one package. What needs the app is compared with it. */
function uploadedModules(service: Bundle): StartUpWorkers {
  const workers = new Map<string, StartUpWorker>();
  for (const [name, sources] of service.renderedSources) {
    const code = service.modules.get(name) ?? new Uint8Array();
    const isMeasured = code.length >= measuredBytesMin && [...sources.keys()].some(isOwn);
    if (!isMeasured || service.startModules.has(name)) continue;
    const worker = importing(renamed(service.modules), `import("./${name}")`);
    const needsApp = /\bfrom\s*["'`]\.\/app\.mjs["'`]/.test(new TextDecoder().decode(code));
    workers.set(`module ${name}`, needsApp ? { ...worker, over: 'module app.mjs' } : worker);
  }
  return workers;
}

async function importedFeatures(
  graph: ServiceGraph,
  service: Bundle,
  features: readonly string[],
): Promise<StartUpWorkers> {
  const workers = new Map<string, StartUpWorker>();
  for (const feature of features) {
    const divided = await graph.divideByFeature(feature);
    const modules = [...assetsOf(service), ...divided];
    workers.set(`feature ${feature}`, importing(modules, `service.imports["${feature}"]()`));
  }
  return workers;
}

async function listFeatures(): Promise<string[]> {
  const folders = await readdir(featuresFolder);
  return folders.filter((folder) => existsSync(join(featuresFolder, folder, 'index.ts'))).sort();
}

function isOwn(source: string): boolean {
  return packageOf(source) === undefined;
}

/** The service, which evaluates one thing more at its first request. */
function importing(modules: Iterable<readonly [string, Uint8Array]>, expression: string): StartUpWorker {
  return { modules: withEntry(modules, wrap(`await ${expression};`)), over: 'service, wrapped' };
}

/** The service is the default export of the uploaded `service.mjs`, or all of them. */
function wrap(statement = ''): string {
  return `import * as service from "./service.mjs";
const { fetch } = service.default ?? service;
export default { async fetch(request, env, context) { ${statement} return fetch(request, env, context); } };`;
}

/** The uploaded modules, whose entry is `service.mjs`: nothing imports it. */
function renamed(modules: Modules): (readonly [string, Uint8Array])[] {
  return Array.from(modules, ([name, content]) => [name === 'index.mjs' ? 'service.mjs' : name, content]);
}

/** The modules that are no JavaScript. */
function assetsOf({ modules }: Bundle): (readonly [string, Uint8Array])[] {
  return [...modules].filter(([name]) => !name.endsWith('.mjs'));
}

function withEntry(modules: Iterable<readonly [string, Uint8Array]>, code: string): Modules {
  return new Map([...modules, ['index.mjs', new TextEncoder().encode(code)]]);
}
