import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type BuiltWorker, buildWorker } from '../build/build-worker.ts';

/** A bundled Worker, and the size of its upload as wrangler reports it. */
export interface Bundle extends BuiltWorker {
  readonly gzipKib: number;
}

/** What the upload of the service may have, compressed. */
export const bundleBudgetKib = 200;

/** What `--check` lets it have while the budget is not met: what it has today. It may only shrink. */
export const bundleLimitKib = 228;

/** Bundles a Worker as it is deployed: the service or another entry. */
export async function bundleWorker(entry?: URL): Promise<Bundle> {
  const worker = await buildWorker(entry && fileURLToPath(entry));
  return { ...worker, gzipKib: gzipSync(Buffer.concat([...worker.modules.values()])).length / 1024 };
}
