import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';

/** A Node program that is running, and what it has written so far. */
export interface RunningTool {
  readonly process: ChildProcess;
  output(): string;
  /** The exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** Starts a program of `tools/` with nothing in its environment but `environment` and what a shell always has. */
export function runTool(options: {
  readonly folder: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}): RunningTool {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, options.args, {
    cwd: options.folder,
    env: { PATH, HOME, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
  }
  return { process: child, output: () => text, ended: exitCodeOf(child) };
}

/** With the last of the output, unless something that the program has left behind keeps its pipes open. */
async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  const closed = once(child, 'close');
  const [code] = (await once(child, 'exit')) as [number | null];
  await Promise.race([closed, setTimeout(1000)]);
  return code;
}
