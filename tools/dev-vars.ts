import { readFile, writeFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { generateSecrets } from './generate-secrets.ts';

/** Reads the variables of a `.dev.vars` file; undefined if the file does not exist. */
export async function readDevVars(path: string): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    return parseEnv(await readFile(path, 'utf8')) as Record<string, string>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Creates a `.dev.vars` file from the example, with fresh secrets where the example leaves them empty, readable only
 * by its owner. An existing file is never changed.
 */
export async function createDevVars(examplePath: string, path: string): Promise<void> {
  const secrets: Readonly<Record<string, string>> = await generateSecrets();
  const example = await readFile(examplePath, 'utf8');
  const text = example.replaceAll(/^(\w+)=$/gm, (line, name: string) => `${line}${secrets[name] ?? ''}`);
  await writeFile(path, text, { mode: 0o600, flag: 'wx' });
}

/** Returns the variables that development needs and that `variables` omits or leaves empty. */
export function missingDevVars(variables: Readonly<Record<string, string>>): string[] {
  const wanted = ['ENVIRONMENT', 'AUTH_SECRET', 'SIGNING_KEYS', 'CRON_SECRET', 'ADMIN_SECRET'];
  return wanted.filter((name) => (variables[name] ?? '').trim() === '');
}
