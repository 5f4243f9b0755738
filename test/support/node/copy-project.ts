import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFolder } from '../../../tools/project.ts';

const parts = [
  'src',
  'migrations',
  'tools',
  'package.json',
  'tsconfig.json',
  'wrangler.toml',
  '.dev.vars.example',
];

/** A project folder as `git clone` and `npm ci` leave it: without .dev.vars and without data. */
export async function copyProject(): Promise<{ readonly folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'nexora-project-'));
  for (const part of parts) await cp(join(projectFolder, part), join(folder, part), { recursive: true });
  await symlink(join(projectFolder, 'node_modules'), join(folder, 'node_modules'));
  return { folder, remove: () => rm(folder, { recursive: true }) };
}
