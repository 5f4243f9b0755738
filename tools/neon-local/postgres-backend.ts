import type { Backend, Connection } from './backend.ts';
import { SqlError } from './backend.ts';
import type { ServerOptions } from './postgres-connection.ts';
import { PostgresPool } from './postgres-pool.ts';

export interface PostgresOptions extends ServerOptions {
  /**
   * A connection string for any database of the server, with the right to create databases if `createDatabase` is
   * used.
   */
  readonly serverUrl: string;
  /** The most open sessions, over all databases. */
  readonly connectionsMax?: number;
}

/** Opens a real PostgreSQL server: the caller names the database, and the credentials are those of `serverUrl`. */
export function openPostgres({ connectionsMax = 20, ...server }: PostgresOptions): Backend {
  const pool = new PostgresPool(server, connectionsMax);
  const maintenanceDatabase = decodeURIComponent(new URL(server.serverUrl).pathname.slice(1)) || 'postgres';

  async function run<T>(database: string, work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await pool.acquire(database);
    try {
      return await work(connection);
    } catch (error) {
      // The server ends such a session itself, but the next request may take it before the news arrives.
      if (error instanceof SqlError && error.isFatal) connection.isUsable = false;
      throw error;
    } finally {
      await pool.release(connection);
    }
  }

  async function maintain(text: string): Promise<void> {
    await run(maintenanceDatabase, (connection) => connection.execute(text, []));
  }

  return {
    run,
    createDatabase: async (name, template) => {
      await pool.closeIdle((connection) => connection.database === template);
      await maintain(`CREATE DATABASE ${quoteName(name)} TEMPLATE ${quoteName(template)}`);
    },
    dropDatabase: async (name) => {
      await pool.closeIdle((connection) => connection.database === name);
      await maintain(`DROP DATABASE IF EXISTS ${quoteName(name)} WITH (FORCE)`);
    },
    close: () => pool.close(),
  };
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
