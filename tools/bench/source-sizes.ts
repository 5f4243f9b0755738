import { relative } from 'node:path';
import { minifySync } from 'rolldown/utils';
import type { BuiltWorker } from '../build/build-worker.ts';
import { projectFolder } from '../project.ts';

/**
 * Returns the bytes of each source in the uploaded modules. Once they are minified together nothing tells where one source
 * ends, so each is minified alone, and the bytes of a module are divided in proportion: together the parts are at most 5 % off
 * what a large module has. A module that is not made of sources, such as a migration, is one itself.
 */
export function measureSources({ modules, renderedSources }: BuiltWorker): ReadonlyMap<string, number> {
  const bytes = new Map<string, number>();
  for (const [name, { length }] of modules) {
    const rendered = renderedSources.get(name);
    if (rendered === undefined) {
      bytes.set(name, length);
      continue;
    }
    const alone = Array.from(rendered, ([source, code]) => [source, minifiedLength(code)] as const);
    const sum = alone.reduce((total, [, size]) => total + size, 0);
    for (const [source, size] of alone) bytes.set(source, (size / sum) * length);
  }
  return bytes;
}

/** What other sources use of it does not show in the source alone, so nothing is left out for being unused. */
function minifiedLength(code: string): number {
  return minifySync('source.js', code, { module: true, compress: { unused: false } }).code.length;
}

/** The package of a source; undefined for one of this project, and for a file that is no JavaScript. */
export function packageOf(source: string): string | undefined {
  if (source.startsWith('\0rolldown/')) return 'rolldown';
  return /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1];
}

/** The folder of a source of this project: a feature, one of `src`, or `src` itself. Undefined for every other file. */
export function folderOf(source: string): string | undefined {
  if (packageOf(source) !== undefined || !source.startsWith(projectFolder)) return undefined;
  return /^src(?:\/features\/[^/]+|\/[^/]+(?=\/))?/.exec(relative(projectFolder, source))?.[0];
}
