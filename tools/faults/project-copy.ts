import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTempFolder, type TempFolder } from '../bench/temp-folder.ts';
import { projectFolder } from '../project.ts';

/** Copies what git knows or would add: a copy of the project in which faults are planted. */
export async function copyProject(): Promise<TempFolder> {
  const copy = await createTempFolder();
  for (const file of await listFiles()) await cp(join(projectFolder, file), join(copy.path, file));
  await symlink(join(projectFolder, 'node_modules'), join(copy.path, 'node_modules'));
  return copy;
}

async function listFiles(): Promise<string[]> {
  const options = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { stdout } = await promisify(execFile)('git', options, { cwd: projectFolder, maxBuffer: 2 ** 24 });
  // What was deleted and not committed is still listed.
  return stdout.split('\0').filter((file) => file !== '' && existsSync(join(projectFolder, file)));
}
