import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectFolder } from '../../../tools/project.ts';

/** The paths of all pages, as the sources name them: the application itself does not run in Node. */
export async function registeredPages(): Promise<readonly string[]> {
  const sections = await readFile(join(projectFolder, 'src/http/account-section.ts'), 'utf8');
  const ofAccount = /accountPaths = \[([^\]]*)\]/.exec(sections)?.[1]?.matchAll(/'([^']*)'/g) ?? [];
  const found = new Set(['/dev/outbox/:id', ...[...ofAccount].map(([, path = '']) => path)]);
  for await (const file of glob('src/features/**/*.ts', { cwd: projectFolder })) {
    const source = await readFile(join(projectFolder, file), 'utf8');
    for (const [, path = ''] of source.matchAll(/\bpath(?::| =) '(\/[^']*)'/g))
      if (!/^\/(?:api|\.well-known)(?:\/|$)/.test(path)) found.add(path);
  }
  return [...found].toSorted();
}
