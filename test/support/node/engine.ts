import { startPostgres } from '../../../tools/postgres/start-postgres.ts';

/** The database server of one test run. */
export interface Engine {
  /** A superuser's log-in to a PostgreSQL server; undefined for PGlite, which runs in this process. */
  readonly serverUrl: string | undefined;
  /** Why it is PGlite although nobody asked for it. */
  readonly failure?: string;
  stop(): Promise<void>;
}

/**
 * Chooses the server: the one that TEST_DATABASE_URL names, PGlite if `TEST_DATABASE=pglite`, else a PostgreSQL of its own.
 * Where that cannot start it is PGlite, which has one connection and cannot show a race.
 */
export async function startEngine({
  TEST_DATABASE_URL: serverUrl,
  TEST_DATABASE: kind,
}: NodeJS.ProcessEnv): Promise<Engine> {
  const stop = async () => undefined;
  if (serverUrl !== undefined) return { serverUrl, stop };
  if (kind === 'pglite') return { serverUrl, stop };
  if (kind !== undefined) throw new Error('TEST_DATABASE is pglite or absent');
  try {
    const server = await startPostgres();
    return { serverUrl: server.url, stop: server.close };
  } catch (error) {
    return { serverUrl, failure: error instanceof Error ? error.message : String(error), stop };
  }
}
