import { randomBytes } from 'node:crypto';
import { migrate } from '../../../src/db/migrations.ts';
import type { Backend } from '../../../tools/neon-local/backend.ts';
import { openPGlite } from '../../../tools/neon-local/pglite-backend.ts';
import { openPostgres } from '../../../tools/neon-local/postgres-backend.ts';
import { startNeonLocal } from '../../../tools/neon-local/server.ts';
import { openDatabase, readMigrations } from '../../../tools/node-database.ts';
import type { Engine } from './engine.ts';

type ServerAccess = Pick<Engine, 'serverUrl' | 'connectionsMax'>;

export interface TestDatabases {
  readonly kind: 'pglite' | 'postgres';
  /** Neon's SQL-over-HTTP address of all of them. */
  readonly endpoint: string;
  /** A fresh migrated database, and its connection string. */
  create(): Promise<string>;
  drop(url: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts a database server for one test run, with the real migrations applied; without a URL an embedded one. */
export async function openTestDatabases({ serverUrl, connectionsMax }: ServerAccess): Promise<TestDatabases> {
  const prefix = `nexora_test_${randomBytes(4).toString('hex')}`;
  const template = `${prefix}_template`;
  const backend = await openBackend({ serverUrl, connectionsMax }, template);
  const server = await startNeonLocal({ backend });
  const urlOf = (name: string) => `postgresql://test:test@127.0.0.1/${name}`;
  const created = new Set<string>();

  let count = 0;
  async function create(): Promise<string> {
    const name = `${prefix}_${++count}`;
    await backend.createDatabase(name, template);
    created.add(name);
    return urlOf(name);
  }

  async function close(): Promise<void> {
    if (serverUrl !== undefined) {
      for (const name of [...created, template]) await backend.dropDatabase(name);
    }
    await server.close();
  }

  try {
    await migrate(openDatabase(urlOf(template), server.url), await readMigrations('migrations'));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    kind: serverUrl === undefined ? 'pglite' : 'postgres',
    endpoint: server.url,
    create,
    drop: async (url) => {
      const name = new URL(url).pathname.slice(1);
      created.delete(name);
      await backend.dropDatabase(name);
    },
    close,
  };
}

async function openBackend({ serverUrl, connectionsMax }: ServerAccess, template: string): Promise<Backend> {
  if (serverUrl === undefined) return openPGlite({ database: template });
  const backend = openPostgres({ serverUrl, connectionsMax, keepsStatements: true });
  await backend.createDatabase(template, 'template0');
  return backend;
}
