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

/** An empty database for this run alone. */
export interface BenchDatabase extends ServedDatabase {
  close(): Promise<void>;
}

/** Starts an embedded PostgreSQL in this process, in memory, behind the local Neon endpoint. */
export async function startBenchDatabase(): Promise<BenchDatabase> {
  const server = await startNeonLocal({ backend: await openPGlite({ database: 'bench' }) });
  const url = 'postgresql://bench:bench@127.0.0.1/bench';
  const runner = openDatabase(url, server.url);
  await migrate(runner, await readMigrations(join(projectFolder, 'migrations')));
  return { url, endpoint: server.url, runner, close: () => server.close() };
}

/**
 * Starts a real PostgreSQL server behind the local Neon endpoint, with an empty, migrated database for each name.
 * `close` stops the server and deletes the databases.
 * @param wrap what the endpoint uses in place of the server, such as one that is farther away
 */
export async function startBenchPostgres(
  names: readonly string[],
  wrap: (backend: Backend) => Backend = (backend) => backend,
): Promise<{ readonly databases: readonly ServedDatabase[]; close(): Promise<void> }> {
  const postgres = await startPostgres();
  const backend = openPostgres({ serverUrl: postgres.url });
  const server = await startNeonLocal({ backend: wrap(backend) });
  const close = async () => {
    await server.close();
    await postgres.close();
  };
  try {
    const migrations = await readMigrations(join(projectFolder, 'migrations'));
    const databases: ServedDatabase[] = [];
    for (const name of names) {
      await backend.createDatabase(name, 'template0');
      const url = `postgresql://bench:bench@127.0.0.1/${name}`;
      const runner = openDatabase(url, server.url);
      await migrate(runner, migrations);
      databases.push({ url, endpoint: server.url, runner });
    }
    return { databases, close };
  } catch (error) {
    await close();
    throw error;
  }
}
