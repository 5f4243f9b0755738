import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { projectFolder } from '../project.ts';
import { type StopStep, stopProcess } from '../stop-process.ts';
import { createTempFolder } from './temp-folder.ts';
import { type Modules, workerdConfig } from './workerd-config.ts';

/** What workerd is given to run. */
export interface WorkerSpec {
  readonly modules: Modules;
  /** Variables and secrets of the Worker. */
  readonly vars?: Readonly<Record<string, string>>;
  /** What becomes of its log; `inherit` unless told. */
  readonly log?: 'inherit' | 'ignore';
}

/** A Worker that is being served. */
export interface RunningWorker {
  /** Its origin, without a trailing slash. */
  readonly url: string;
  readonly pid: number;
  /** Ends the process and removes its files. */
  stop(): Promise<void>;
}

interface WorkerdPackage {
  readonly default: string;
  readonly version: string;
}

// By way of wrangler, whose dependency it is: the version that `wrangler dev` runs.
const workerd = createRequire(import.meta.resolve('wrangler/package.json'))('workerd') as WorkerdPackage;

/** The version of workerd that is measured. */
export const workerdVersion = workerd.version;

const startUpMsMax = 20_000;
const stopSteps: readonly StopStep[] = [{ signal: 'SIGTERM', waitMs: 2000 }];

/** Serves a Worker by workerd itself, with nothing in between, on a free port of the loopback interface. */
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
  // Should this program be ended early, it takes the server along.
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

/** workerd reports on the control pipe where it listens. */
async function listeningPort(child: ChildProcess): Promise<number> {
  const lines = createInterface(child.stdio[3] as Readable);
  const signal = AbortSignal.timeout(startUpMsMax);
  const line = once(lines, 'line', { signal }) as Promise<[string]>;
  const ended = once(child, 'exit', { signal }).then(() => undefined);
  const [report] = (await Promise.race([line, ended])) ?? [];
  if (report === undefined) throw new Error('workerd ended before it listened');
  return (JSON.parse(report) as { readonly port: number }).port;
}

async function readCompatibilityDate(): Promise<string> {
  const toml = await readFile(join(projectFolder, 'wrangler.toml'), 'utf8');
  const date = /^compatibility_date = "([\d-]+)"/m.exec(toml)?.[1];
  if (date === undefined) throw new Error('wrangler.toml names no compatibility date');
  return date;
}
