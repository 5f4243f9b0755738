import { extname } from 'node:path';
import { bundleWorker, judgeSizes } from './bundle.ts';
import type { Report, Row } from './report.ts';
import { folderOf, measureSources, packageOf } from './source-sizes.ts';

const listedBytesMin = 1024;

/** Measures the compressed size of the upload, as wrangler reports it, and what it is made of. */
export async function measureSize(): Promise<Report> {
  const bundle = await bundleWorker();
  const sources = measureSources(bundle);
  const modules = Array.from(bundle.modules, ([name, { length }]) => [name, length] as const);
  return {
    notes: [
      'Modules one after the other, compressed, as wrangler deploy --dry-run counts all of them.',
      'Its parts are minified and not compressed, and make up the whole three times over: by module, by package, by folder.',
      'Sources are minified together: the bytes of a module are divided as if each of them had been minified alone.',
    ],
    columns: ['part', 'measured', 'share', 'budget'],
    rows: [
      ...judgeSizes(bundle).map(
        ({ name, measured, budget, verdict }): Row => ({ cells: [name, measured, '', budget], verdict }),
      ),
      ...rowsBy('module', modules, (name) => name),
      ...rowsBy(
        'package',
        sources,
        (source) => packageOf(source) ?? (folderOf(source) ? 'src' : kindOf(source)),
      ),
      ...rowsBy(
        'folder',
        sources,
        (source) => folderOf(source) ?? (packageOf(source) ? 'packages' : kindOf(source)),
      ),
    ],
  };
}

function kindOf(file: string): string {
  return `*${extname(file)}`;
}

/** A row for each group, the largest first, and one for all that are small. */
function rowsBy(
  what: string,
  sizes: Iterable<readonly [name: string, bytes: number]>,
  groupOf: (name: string) => string,
): Row[] {
  const groups = new Map<string, number>();
  let total = 0;
  for (const [name, bytes] of sizes) {
    groups.set(groupOf(name), (groups.get(groupOf(name)) ?? 0) + bytes);
    total += bytes;
  }
  const listed = [...groups].filter(([, bytes]) => bytes >= listedBytesMin).sort(([, a], [, b]) => b - a);
  const others = total - listed.reduce((sum, [, bytes]) => sum + bytes, 0);
  return [...listed, ['others', others] as const].map(([name, bytes]) => ({
    cells: [
      `${what} ${name}`,
      `${(bytes / 1024).toFixed(1)} KiB`,
      `${((100 * bytes) / total).toFixed(1)} %`,
      '',
    ],
    verdict: undefined,
  }));
}
