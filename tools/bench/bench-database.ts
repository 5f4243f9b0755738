import { join } from 'node:path';
import { migrate, type StatementRunner } from '../../src/db/migrations.ts';
import type { Backend } from '../neon-local/backend.ts';
import { openPGlite } from '../neon-local/pglite-backend.ts';
import { openPostgres } from '../neon-local/postgres-backend.ts';
import { startNeonLocal } from '../neon-local/server.ts';
import { openDatabase, readMigrations } from '../node-database.ts';
import { startPostgres } from '../postgres/start-postgres.ts';
import { projectFolder } from '../project.ts';

/** A migrated database behind a local endpoint. */
export interface ServedDatabase {
  /** Connection string. */
  readonly url: string;
  /** URL of Neon's SQL-over-HTTP endpoint. */
  readonly endpoint: string;
  /** Runs statements directly. */
  readonly runner: StatementRunner;
}

/** Starts an embedded PostgreSQL in this process, in memory and for this run alone, behind the local Neon endpoint. */
export async function startBenchDatabase(): Promise<ServedDatabase & AsyncDisposable> {
  const server = await startNeonLocal({ backend: await openPGlite({ database: 'bench' }) });
  return { ...(await open('bench', server.url)), [Symbol.asyncDispose]: () => server.close() };
}

/** A real PostgreSQL server for this run alone. */
export interface BenchPostgres extends AsyncDisposable {
  /** Creates and migrates a database. */
  create(name: string): Promise<ServedDatabase>;
}

/**
 * Starts a real PostgreSQL server behind the local Neon endpoint.
 * @param wrap what the endpoint uses in place of the server, such as one that is farther away
 */
export async function startBenchPostgres(wrap = (backend: Backend) => backend): Promise<BenchPostgres> {
  const postgres = await startPostgres();
  const backend = openPostgres({ serverUrl: postgres.url });
  const server = await startNeonLocal({ backend: wrap(backend) });
  return {
    create: async (name) => {
      await backend.createDatabase(name, 'template0');
      return open(name, server.url);
    },
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await postgres.close();
    },
  };
}

async function open(name: string, endpoint: string): Promise<ServedDatabase> {
  const url = `postgresql://bench:bench@127.0.0.1/${name}`;
  const runner = openDatabase(url, endpoint);
  await migrate(runner, await readMigrations(join(projectFolder, 'migrations')));
  return { url, endpoint, runner };
}
