import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import pg from 'pg';
import { findFreePort } from '../free-port.ts';
import { type StopStep, stopProcess } from '../stop-process.ts';
import { prepareServerFiles, type ServerFiles } from './server-files.ts';

export interface PostgresServer {
  /** Connection string of the superuser. */
  readonly url: string;
  /**
   * Does what `pg_ctl restart -m immediate` does: every process ends at once and without a checkpoint, and a new
   * server recovers on the same data and port. Returns when it accepts connections.
   */
  restart(): Promise<void>;
  /** Stops the server and removes its data. */
  close(): Promise<void>;
}

const startUpMsMax = 30_000;
const immediateShutdown: readonly StopStep[] = [{ signal: 'SIGQUIT', waitMs: 10_000 }];

/**
 * Starts an empty PostgreSQL server on the loopback interface, for tests. Only with `isDurable` does a commit survive
 * `restart`.
 */
export async function startPostgres({ isDurable = false } = {}): Promise<PostgresServer> {
  const files = await prepareServerFiles();
  let server: ChildProcess | undefined;
  // When this program ends early, the server ends with it.
  const kill = () => server?.kill('SIGQUIT');
  process.prependOnceListener('exit', kill);
  const close = async () => {
    // Nobody needs the data.
    if (server) await stopProcess(server, immediateShutdown);
    await files.remove();
    process.off('exit', kill);
  };
  try {
    await initialize(files);
    const port = await findFreePort();
    const url = `postgresql://postgres:${files.password}@127.0.0.1:${port}/postgres`;
    const start = async () => {
      server = runProgram(files, 'postgres', serverOptions(files, port, isDurable));
      await untilReady(server, url);
    };
    const restart = async () => {
      if (server) await stopProcess(server, immediateShutdown);
      await start();
    };
    await start();
    return { url, restart, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function initialize(files: ServerFiles): Promise<void> {
  const locale = process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8';
  const program = runProgram(files, 'initdb', [
    ...['-D', files.data, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${files.passwordFile}`],
    ...['--encoding=UTF8', `--locale=${locale}`, '--no-sync'],
  ]);
  const output = collectOutput(program);
  const [code] = (await once(program, 'close')) as [number | null];
  if (code !== 0) throw new Error(`PostgreSQL could not be set up:\n${output()}`);
}

// When only the processes end, fsync does not matter: the operating system has what was written. synchronous_commit
// does: without it, a commit is answered while its record is still in the server's own memory.
const durable = ['fsync=on', 'full_page_writes=on', 'synchronous_commit=on'];
const fast = ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off'];

function serverOptions(files: ServerFiles, port: number, isDurable: boolean): string[] {
  const settings = [
    ...['listen_addresses=127.0.0.1', `port=${port}`, `unix_socket_directories=${files.folder}`],
    ...['max_connections=250', ...(isDurable ? durable : fast)],
  ];
  return ['-D', files.data, ...settings.flatMap((setting) => ['-c', setting])];
}

function runProgram(files: ServerFiles, program: string, options: readonly string[]): ChildProcess {
  return spawn(join(files.binaries, 'bin', program), options, {
    ...files.account,
    cwd: files.folder,
    // Not reached by Ctrl-C in the terminal: whoever started the server stops it, after its users.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, LD_LIBRARY_PATH: join(files.binaries, 'lib'), LC_ALL: 'C' },
  });
}

async function untilReady(server: ChildProcess, url: string): Promise<void> {
  const output = collectOutput(server);
  const endsAt = Date.now() + startUpMsMax;
  while (server.exitCode === null && Date.now() < endsAt) {
    if (await accepts(url)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`PostgreSQL did not start:\n${output()}`);
}

async function accepts(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  // A broken connection only means that the server is not ready.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end();
  }
}

/** Keeps the last lines of output for error messages; reading also keeps the pipe from filling up. */
function collectOutput(program: ChildProcess): () => string {
  let text = '';
  for (const stream of [program.stdout, program.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString('utf8')).slice(-4000);
    });
  }
  return () => text;
}
