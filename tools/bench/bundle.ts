import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { projectFolder } from '../project.ts';
import { createTempFolder } from './temp-folder.ts';
import type { Modules } from './workerd-config.ts';

/** A bundled Worker: its modules as wrangler would upload them. */
export interface Bundle {
  readonly modules: Modules;
  readonly gzipKib: number;
}

// The program itself, not its launcher, which would survive for a moment when it is killed.
const wrangler = fileURLToPath(import.meta.resolve('wrangler'));
const buildMsMax = 120_000;

/**
 * Bundles a Worker with `wrangler deploy --dry-run` and the settings of wrangler.toml: the service or another entry.
 */
export async function bundleWorker(entry = new URL('../../src/index.ts', import.meta.url)): Promise<Bundle> {
  const folder = await createTempFolder();
  try {
    const script = fileURLToPath(entry);
    const output = await runWrangler(['deploy', script, '--dry-run', '--outdir', folder.path]);
    const main = `${basename(script, '.ts')}.js`;
    const files = (await readdir(folder.path)).filter(
      (file) => file !== 'README.md' && !file.endsWith('.map'),
    );
    const modules = await Promise.all(
      files.map(async (file) => {
        const content = await readFile(join(folder.path, file));
        return [file === main ? 'index.js' : file, content] as const;
      }),
    );
    return { modules: new Map(modules), gzipKib: readGzipKib(output) };
  } finally {
    folder.remove();
  }
}

async function runWrangler(options: readonly string[]): Promise<string> {
  const running = promisify(execFile)(process.execPath, ['--no-warnings', wrangler, ...options], {
    cwd: projectFolder,
    timeout: buildMsMax,
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
  });
  const kill = () => running.child.kill('SIGKILL');
  // Before its folder is removed, which it would create again.
  process.prependOnceListener('exit', kill);
  try {
    return (await running).stdout;
  } finally {
    process.off('exit', kill);
  }
}

function readGzipKib(output: string): number {
  const size = /gzip: ([\d.]+) KiB/.exec(output)?.[1];
  if (size === undefined) throw new Error(`wrangler did not report the size:\n${output}`);
  return Number(size);
}
