import { join } from 'node:path';
import { migrate, type StatementRunner } from '../../src/db/migrations.ts';
import { openPGlite } from '../neon-local/pglite-backend.ts';
import { startNeonLocal } from '../neon-local/server.ts';
import { openDatabase, readMigrations } from '../node-database.ts';
import { projectFolder } from '../project.ts';

/** An empty, migrated database of this run alone. */
export interface BenchDatabase {
  /** Connection string. */
  readonly url: string;
  /** Neon's SQL-over-HTTP address. */
  readonly endpoint: string;
  /** Runs statements from here. */
  readonly runner: StatementRunner;
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
