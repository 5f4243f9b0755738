import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { projectFolder } from '../project.ts';

/** A Worker ready to be served: its modules as wrangler would upload them. */
export interface Bundle {
  /** By file name; the entry is `index.js`. */
  readonly modules: ReadonlyMap<string, Uint8Array>;
  readonly gzipKib: number;
}

const wrangler = fileURLToPath(new URL('bin/wrangler.js', import.meta.resolve('wrangler/package.json')));
const buildMsMax = 120_000;

/**
 * Builds a Worker by `wrangler deploy --dry-run`, with the settings of wrangler.toml; without an entry the service
 * itself. Source maps are left out: they are never loaded.
 */
export async function bundleWorker(entry?: URL): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), 'nexora-bench-bundle-'));
  try {
    const name = entry === undefined ? 'index' : fileName(entry);
    const script = entry === undefined ? [] : [fileURLToPath(entry)];
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [wrangler, 'deploy', ...script, '--dry-run', '--outdir', folder],
      { cwd: projectFolder, timeout: buildMsMax, env: { ...process.env, WRANGLER_SEND_METRICS: 'false' } },
    );
    const files = (await readdir(folder)).filter((file) => /\.(?:js|wasm)$/.test(file));
    const modules = await Promise.all(
      files.map(async (file) => {
        const content = await readFile(join(folder, file));
        return [file === `${name}.js` ? 'index.js' : file, content] as const;
      }),
    );
    return { modules: new Map(modules), gzipKib: readGzipKib(stdout) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function fileName(entry: URL): string {
  return (entry.pathname.split('/').at(-1) ?? '').replace(/\.ts$/, '');
}

function readGzipKib(output: string): number {
  const size = /gzip: ([\d.]+) KiB/.exec(output)?.[1];
  if (size === undefined) throw new Error(`wrangler did not tell the size:\n${output}`);
  return Number(size);
}
