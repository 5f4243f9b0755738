import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { projectFolder } from '../project.ts';
import { stopProcess } from '../stop-process.ts';
import { cleanLine } from './clean-line.ts';

/** A running `wrangler dev`. */
export interface Wrangler {
  /** The exit code, once it has ended on its own or by `stop`. */
  readonly ended: Promise<number>;
  /** Stops wrangler and all processes that it has started. */
  stop(): Promise<void>;
}

// No calls to the network, not even to look up Request.cf: development works offline.
const quietEnvironment = {
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  NO_COLOR: '1',
};

/** Starts `wrangler dev` on the loopback interface; `onReady` is called when the Worker first answers. */
export function startWrangler(options: {
  readonly port: number;
  /** A dotenv file with the Worker's variables; `.dev.vars` is not read. */
  readonly variablesPath: string;
  readonly onReady: () => void;
}): Wrangler {
  const wrangler = fileURLToPath(new URL('bin/wrangler.js', import.meta.resolve('wrangler/package.json')));
  const child = spawn(
    process.execPath,
    [
      ...[wrangler, 'dev', '--local', '--ip', '127.0.0.1', '--port', String(options.port)],
      ...['--show-interactive-dev-session=false', '--env-file', options.variablesPath],
    ],
    {
      cwd: projectFolder,
      env: { ...process.env, ...quietEnvironment },
      // In its own process group, so that everything can be stopped together.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  showLines(child.stdout, console.log, options.onReady);
  showLines(child.stderr, console.error, options.onReady);
  return {
    ended: exitCodeOf(child),
    stop: () =>
      stopProcess(child, [
        { signal: 'SIGINT', waitMs: 4000 },
        { signal: 'SIGTERM', waitMs: 1000 },
      ]),
  };
}

function showLines(stream: Readable, show: (line: string) => void, onReady: () => void): void {
  let isReady = false;
  createInterface({ input: stream }).on('line', (line) => {
    if (!isReady && line.includes('Ready on http')) {
      isReady = true;
      onReady();
    }
    const cleaned = cleanLine(line);
    if (cleaned !== undefined) show(cleaned);
  });
}

async function exitCodeOf(child: ChildProcess): Promise<number> {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
