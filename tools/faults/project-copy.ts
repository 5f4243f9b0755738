import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { cp, mkdtemp, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectFolder } from '../project.ts';

/** A copy of the project in which faults are planted. */
export interface ProjectCopy {
  readonly folder: string;
  remove(): void;
}

/** Copies what git knows or would add. It goes with this program at the latest. */
export async function copyProject(): Promise<ProjectCopy> {
  const folder = await mkdtemp(join(tmpdir(), 'nexora-faults-'));
  const remove = () => {
    process.off('exit', remove);
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', remove);
  for (const file of await listFiles()) await cp(join(projectFolder, file), join(folder, file));
  await symlink(join(projectFolder, 'node_modules'), join(folder, 'node_modules'));
  return { folder, remove };
}

async function listFiles(): Promise<string[]> {
  const options = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { stdout } = await promisify(execFile)('git', options, { cwd: projectFolder, maxBuffer: 2 ** 24 });
  // What was deleted and not committed is still listed.
  return stdout.split('\0').filter((file) => file !== '' && existsSync(join(projectFolder, file)));
}
