import pg from 'pg';
import { afterAll, inject } from 'vitest';

/** The connection string of a test database on the server itself, past HTTP, as its superuser. */
export function directUrlOf(databaseUrl: string): string {
  const server = inject('serverUrl');
  if (server === null) throw new Error('PGlite has no server');
  return Object.assign(new URL(server), { pathname: new URL(databaseUrl).pathname }).href;
}

/** A session of somebody else in the database, which can hold a transaction open; it ends with the test file. */
export async function openSession(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: directUrlOf(databaseUrl) });
  // A test may have the server end it.
  client.on('error', () => undefined);
  await client.connect();
  afterAll(() => client.end().catch(() => undefined));
  return client;
}
