import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { neon, neonConfig } from '@neondatabase/serverless';
import type { Migration, StatementRunner } from '../src/db/migrations.ts';
import { compile, type Fragment } from '../src/db/sql.ts';

interface CallInit extends RequestInit {
  readonly endpoint: string | undefined;
}

// The driver's settings are global to the process, so the endpoint travels with each call.
neonConfig.fetchFunction = (derivedEndpoint: string, { endpoint, ...init }: CallInit) =>
  fetch(endpoint ?? derivedEndpoint, init);

/**
 * Opens a database for Node programs: the Worker's driver without its timeouts and error classes. `endpoint`
 * undefined means the one that the driver derives from the host name.
 */
export function openDatabase(url: string, endpoint?: string): StatementRunner {
  const driver = neon(url, { fetchOptions: { endpoint }, isolationLevel: 'ReadCommitted' });
  const toQuery = (statement: Fragment) => {
    const { text, params } = compile(statement);
    return driver.query(text, params);
  };
  return {
    query: async <Row>(statement: Fragment) => (await toQuery(statement)) as Row[],
    batch: (statements) => driver.transaction(statements.map(toQuery)),
  };
}

/** Reads the `.sql` files of a folder. */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql'));
  return Promise.all(
    files.map(async (file) => ({
      name: file.slice(0, -'.sql'.length),
      sql: await readFile(join(folder, file), 'utf8'),
    })),
  );
}
