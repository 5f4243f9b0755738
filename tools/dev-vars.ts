import { readFile, writeFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { generateSecrets } from './generate-secrets.ts';

/** The variables of a `.dev.vars` file; undefined when there is no such file. */
export async function readDevVars(path: string): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    return parseEnv(await readFile(path, 'utf8')) as Record<string, string>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Makes a `.dev.vars` file of the example, with fresh secrets where the example leaves room for them, readable by its
 * owner alone. An existing file is never touched.
 */
export async function createDevVars(examplePath: string, path: string): Promise<void> {
  const secrets: Readonly<Record<string, string>> = await generateSecrets();
  const example = await readFile(examplePath, 'utf8');
  const text = example.replaceAll(/^(\w+)=$/gm, (line, name: string) => `${line}${secrets[name] ?? ''}`);
  await writeFile(path, text, { mode: 0o600, flag: 'wx' });
}

/** The variables without which development lacks something, and that `variables` leaves out or empty. */
export function missingDevVars(variables: Readonly<Record<string, string>>): string[] {
  const wanted = ['ENVIRONMENT', 'AUTH_SECRET', 'SIGNING_KEYS', 'CRON_SECRET', 'ADMIN_SECRET'];
  return wanted.filter((name) => (variables[name] ?? '').trim() === '');
}
