import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../project.ts';

/** Where a query or batch of the service has its name. */
export interface NamedStatement {
  readonly name: string;
  readonly path: string;
}

/** The name in a call of the client, or of a function that passes it on. */
const naming = /(?:\bdb\.(?:query|batch)(?:<[^(]*>)?\(|\bdb,|\b(?:deletesDue|resealsRows)\()\s*'([^']+)'/g;

/** The path and text of each source file of the service. */
export function readSources(): [path: string, text: string][] {
  const paths = globSync('src/**/*.{ts,tsx}', { cwd: projectFolder }).toSorted();
  return paths.map((path) => [path, readFileSync(join(projectFolder, path), 'utf8')]);
}

/** Every name that the sources give to a query or batch, in their order. */
export function findNames(sources: readonly (readonly [path: string, text: string])[]): NamedStatement[] {
  return sources.flatMap(([path, text]) =>
    [...text.matchAll(naming)].map(([, name = '']) => ({ name, path })),
  );
}
