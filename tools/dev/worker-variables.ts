import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectFolder } from '../project.ts';

/** A file of variables that wrangler reads in place of `.dev.vars`. */
export interface VariablesFile {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * Writes the Worker's variables to a file for its owner alone, in the locked data folder. On a command line, by `--var`,
 * every process of the machine could read them.
 */
export async function writeVariables(variables: Readonly<Record<string, string>>): Promise<VariablesFile> {
  const path = join(projectFolder, '.data', 'worker.env');
  const remove = () => rm(path, { force: true });
  // The mode counts for a new file alone, and one may have been left by a process that was killed.
  await remove();
  await writeFile(path, formatVariables(variables), { mode: 0o600 });
  return { path, remove };
}

/**
 * Formats variables as the dotenv file that wrangler reads by `--env-file`, where it also replaces `$NAME`.
 * @throws Error for a value that has all three kinds of quotes, since dotenv has no escape for them
 */
export function formatVariables(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${quote(name, value)}\n`)
    .join('');
}

function quote(name: string, value: string): string {
  const escaped = value.replaceAll('$', '\\$');
  if (/^[^\s'"`#]*$/.test(value)) return escaped;
  // Within double quotes a backslash and an n are a line break.
  const marks = ["'", '`', ...(/\\[nr]/.test(value) ? [] : ['"'])];
  const mark = marks.find((candidate) => !value.includes(candidate));
  if (mark === undefined || value.endsWith('\\'))
    throw new Error(`${name} of .dev.vars has too many kinds of quotes.`);
  return `${mark}${escaped}${mark}`;
}
