import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectFolder } from '../../../tools/project.ts';

const folders = ['.ci', '.github', 'docs', 'migrations', 'src', 'test', 'tools'];
/** Files of the project's folder that are made, or are about others. */
const unwritten = ['package-lock.json', 'worker-configuration.d.ts', '.dev.vars', '.git', '.DS_Store'];

/** The text of every file that people write, by its path in the project. */
export async function readProject(): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(projectFolder, { withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  for (const folder of folders.filter((name) => entries.some((entry) => entry.name === name)))
    paths.push(...(await filesBelow(folder)));
  const written = paths.filter((path) => !unwritten.includes(path)).toSorted();
  return new Map(await Promise.all(written.map(async (path) => [path, await textOf(path)] as const)));
}

/** A picture has none, but is a file that documents link to. */
async function textOf(path: string): Promise<string> {
  return path.endsWith('.jpg') ? '' : readFile(join(projectFolder, path), 'utf8');
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(join(projectFolder, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(projectFolder.length));
}
