import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { projectFolder } from '../project.ts';

/** The text of each file of docs/sql by the name of its statement. */
export async function readFolder(): Promise<Map<string, string>> {
  const files = await read('docs/sql/*.sql');
  return new Map(files.map(([path, text]) => [basename(path, '.sql'), text]));
}

/** The path and text of each source file of the service. */
export function readSources(): Promise<(readonly [path: string, text: string])[]> {
  return read('src/**/*.{ts,tsx}');
}

function read(pattern: string): Promise<(readonly [path: string, text: string])[]> {
  const paths = globSync(pattern, { cwd: projectFolder }).toSorted();
  return Promise.all(
    paths.map(async (path) => [path, await readFile(join(projectFolder, path), 'utf8')] as const),
  );
}
