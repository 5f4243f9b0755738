import pg from 'pg';
import { startPostgres } from '../../../tools/postgres/start-postgres.ts';

/** The database server of one test run. */
export interface Engine {
  /** A superuser's log-in to a PostgreSQL server; undefined for PGlite, which runs in this process. */
  readonly serverUrl: string | undefined;
  /** How many sessions may be open at once, over all test files. */
  readonly connectionsMax: number;
  /** Why it is PGlite although nobody asked for it. */
  readonly failure?: string;
  stop(): Promise<void>;
}

/** Races of 50 callers in each worker, and what the others do. */
const connectionsMax = 240;
/** What a server keeps for its superuser and others. */
const connectionsLeft = 10;

/**
 * Chooses the server: the one that TEST_DATABASE_URL names, PGlite if `TEST_DATABASE=pglite`, else a PostgreSQL of its own.
 * Where that cannot start it is PGlite, which has one connection and cannot show a race.
 */
export async function startEngine({
  TEST_DATABASE_URL: serverUrl,
  TEST_DATABASE: kind,
}: NodeJS.ProcessEnv): Promise<Engine> {
  const stop = async () => undefined;
  const none = { serverUrl: undefined, connectionsMax: 1, stop };
  if (serverUrl !== undefined) return { serverUrl, connectionsMax: await connectionsOf(serverUrl), stop };
  if (kind === 'pglite') return none;
  if (kind !== undefined) throw new Error('TEST_DATABASE is pglite or absent');
  try {
    const server = await startPostgres();
    return { serverUrl: server.url, connectionsMax, stop: server.close };
  } catch (error) {
    return { ...none, failure: error instanceof Error ? error.message : String(error) };
  }
}

async function connectionsOf(serverUrl: string): Promise<number> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  const { rows } = await client.query<{ max_connections: string }>('SHOW max_connections');
  await client.end();
  return Math.min(connectionsMax, Number(rows[0]?.max_connections) - connectionsLeft);
}
