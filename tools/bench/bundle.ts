import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type BuiltWorker, buildWorker } from '../build/build-worker.ts';
import { judge, type Verdict } from './report.ts';

/** A bundled Worker, and how large it is once compressed, in KiB. */
export interface Bundle extends BuiltWorker {
  /** All modules, as wrangler reports the size of the upload. */
  readonly gzipKib: number;
  /** The modules that are evaluated when the Worker starts. */
  readonly startGzipKib: number;
}

/** Bundles a Worker as it is deployed: the service or another entry. */
export async function bundleWorker(entry?: URL): Promise<Bundle> {
  const worker = await buildWorker(entry && fileURLToPath(entry));
  const atStart = [...worker.modules].filter(([name]) => worker.startModules.has(name));
  return {
    ...worker,
    gzipKib: gzipKib([...worker.modules.values()]),
    startGzipKib: gzipKib(atStart.map(([, content]) => content)),
  };
}

/** How large the service may be: what the start evaluates, and all modules. */
export function judgeSizes({ startGzipKib, gzipKib }: Bundle): readonly SizeJudgement[] {
  return [
    judgeSize('what the start evaluates, gzip', startGzipKib, 110),
    judgeSize('all modules, gzip', gzipKib, 300),
  ];
}

interface SizeJudgement {
  readonly name: string;
  readonly measured: string;
  readonly budget: string;
  readonly verdict: Verdict;
}

function judgeSize(name: string, kib: number, budgetKib: number): SizeJudgement {
  const verdict = judge(kib, budgetKib);
  return { name, measured: `${kib.toFixed(1)} KiB`, budget: `${budgetKib} KiB`, verdict };
}

function gzipKib(contents: readonly Uint8Array[]): number {
  return gzipSync(Buffer.concat(contents)).length / 1024;
}
