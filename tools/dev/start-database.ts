import { join } from 'node:path';
import { migrate } from '../../src/db/migrations.ts';
import { findFreePort } from '../free-port.ts';
import { openPGlite } from '../neon-local/pglite-backend.ts';
import { type NeonLocal, startNeonLocal } from '../neon-local/server.ts';
import { openDatabase, readMigrations } from '../node-database.ts';
import { projectFolder } from '../project.ts';
import { lockData } from './lock-data.ts';

/** The database of `npm run dev`. */
export interface DevDatabase {
  readonly url: string;
  /** URL of its SQL-over-HTTP endpoint. */
  readonly endpoint: string;
  readonly folder: string;
  /** The migrations that this start applied. */
  readonly applied: readonly string[];
  close(): Promise<void>;
}

const wantedPort = 5488;
const name = 'nexora';

/** Opens the embedded database in the project's `.data` folder and migrates it; its data outlives the process. */
export async function startDatabase(): Promise<DevDatabase> {
  const parent = join(projectFolder, '.data');
  const unlock = await lockData(parent);
  const folder = join(parent, 'postgres');
  let server: NeonLocal | undefined;
  const close = async () => {
    await server?.close();
    await unlock();
  };
  try {
    const backend = await openPGlite({ database: name, dataDir: folder });
    server = await startNeonLocal({ backend, port: await findFreePort(wantedPort) });
    const url = `postgresql://nexora:nexora@127.0.0.1/${name}`;
    const migrations = await readMigrations(join(projectFolder, 'migrations'));
    const applied = await migrate(openDatabase(url, server.url), migrations);
    return { url, endpoint: server.url, folder, applied, close };
  } catch (error) {
    await close();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The database in ${folder} cannot be used: ${reason}\nRemove ${folder} to start with an empty one.`,
    );
  }
}
