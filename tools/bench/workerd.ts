import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Modules } from '../build/build-worker.ts';
import { projectFolder } from '../project.ts';
import { type StopStep, stopProcess } from '../stop-process.ts';
import { createTempFolder } from './temp-folder.ts';

/** The Worker to run. */
export interface WorkerSpec {
  readonly modules: Modules;
  /** Variables and secrets of the Worker. */
  readonly vars?: Readonly<Record<string, string>>;
  /** Where its log goes; `inherit` by default. */
  readonly log?: 'inherit' | 'ignore';
}

/** A running Worker. */
export interface RunningWorker {
  /** Its origin, without a trailing slash. */
  readonly url: string;
  readonly pid: number;
  /** Ends the process and removes its files. */
  stop(): Promise<void>;
}

// Resolved through wrangler, whose dependency it is: the version that `wrangler dev` runs.
const workerd = createRequire(import.meta.resolve('wrangler/package.json'))('workerd') as {
  readonly default: string;
  readonly version: string;
};

/** The measured version of workerd. */
export const workerdVersion = workerd.version;

const startUpMsMax = 20_000;
const stopSteps: readonly StopStep[] = [{ signal: 'SIGTERM', waitMs: 2000 }];

/** Serves a Worker with workerd alone, on a free port of the loopback interface. */
export async function startWorker({
  modules,
  vars = {},
  log = 'inherit',
}: WorkerSpec): Promise<RunningWorker> {
  const folder = await createTempFolder();
  const config = workerdConfig(modules, vars, await readCompatibilityDate());
  for (const [name, content] of modules) await writeFile(join(folder.path, name), content);
  await writeFile(join(folder.path, 'config.capnp'), config);

  const child = spawn(workerd.default, ['serve', '--control-fd=3', 'config.capnp'], {
    cwd: folder.path,
    detached: true,
    stdio: ['ignore', 'ignore', log, 'pipe'],
    env: {},
  });
  // When this program ends early, the server ends with it.
  const kill = () => child.kill('SIGKILL');
  process.prependOnceListener('exit', kill);
  const stop = async () => {
    await stopProcess(child, stopSteps);
    process.off('exit', kill);
    folder.remove();
  };
  try {
    const port = await listeningPort(child);
    return { url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Reads the port from workerd's control pipe. */
async function listeningPort(child: ChildProcess): Promise<number> {
  const lines = createInterface(child.stdio[3] as Readable);
  const signal = AbortSignal.timeout(startUpMsMax);
  const line = once(lines, 'line', { signal }) as Promise<[string]>;
  const ended = once(child, 'exit', { signal }).then(() => undefined);
  const [report] = (await Promise.race([line, ended])) ?? [];
  if (report === undefined) throw new Error('workerd ended before it started to listen');
  return (JSON.parse(report) as { readonly port: number }).port;
}

async function readCompatibilityDate(): Promise<string> {
  const toml = await readFile(join(projectFolder, 'wrangler.toml'), 'utf8');
  const date = /^compatibility_date = "([\d-]+)"/m.exec(toml)?.[1];
  if (date === undefined) throw new Error('wrangler.toml has no compatibility date');
  return date;
}

/** The kinds of modules by file extension, of those that are uploaded. */
const kinds: Readonly<Record<string, string>> = { mjs: 'esModule', wasm: 'wasm', sql: 'text' };

/**
 * Returns a workerd configuration (workerd.capnp) that serves one Worker over HTTP on a free port of the loopback
 * interface. The Worker cannot reach anything beyond this machine. Its modules are files next to the configuration.
 */
function workerdConfig(
  modules: Modules,
  vars: Readonly<Record<string, string>>,
  compatibilityDate: string,
): string {
  // Cap'n Proto uses the escapes of C, which equal those of JSON for printable ASCII.
  const quote = JSON.stringify;
  // The first module is the entry.
  const names = ['index.mjs', ...[...modules.keys()].filter((name) => name !== 'index.mjs')];
  const embeds = names.map((name) => {
    const kind = kinds[name.split('.').at(-1) ?? ''] ?? 'data';
    return `(name = ${quote(name)}, ${kind} = embed ${quote(name)})`;
  });
  const bindings = Object.entries(vars).map(
    ([name, value]) => `(name = ${quote(name)}, text = ${quote(value)})`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  compatibilityDate = ${quote(compatibilityDate)},
  modules = [${embeds.join(', ')}],
  bindings = [${bindings.join(', ')}],
);
`;
}
