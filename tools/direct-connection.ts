import pg from 'pg';
import type { DirectConnection } from '../src/db/migrations.ts';
import { compile } from '../src/db/sql.ts';

/** Where a database can be reached by HTTP and, perhaps, by PostgreSQL's own protocol. */
export interface Addresses {
  readonly url: string;
  /** DATABASE_HTTP_ENDPOINT: then nothing says that the host of `url` speaks PostgreSQL. */
  readonly endpoint: string | undefined;
  /** DATABASE_DIRECT_URL. */
  readonly directUrl: string | undefined;
}

const connectMsMax = 10_000;
const loopback = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/**
 * The connection string of the server itself; undefined where there is none. Neon's pooler is left out, since behind it
 * no connection is ours (T11). Encrypted and verified, unless the string says otherwise or the server is this machine.
 */
export function findDirectUrl({ url, endpoint, directUrl }: Addresses): string | undefined {
  if (directUrl === undefined && endpoint !== undefined) return undefined;
  const direct = new URL(directUrl ?? url);
  direct.hostname = direct.hostname.replace(/^([^.]+)-pooler(\..+\.neon\.tech)$/, '$1$2');
  const sslMode = direct.searchParams.get('sslmode');
  // pg takes `require` for `verify-full` today, and warns that it will not always.
  if (sslMode === 'require' || (sslMode === null && !loopback.test(direct.hostname))) {
    direct.searchParams.set('sslmode', 'verify-full');
  }
  return direct.href;
}

/**
 * Connects to the server for statements that take long.
 * @throws Error telling which server does not let us in, and why
 */
export async function openDirectConnection(url: string): Promise<DirectConnection> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: connectMsMax,
    keepAlive: true,
    application_name: 'nexora-auth migrate',
  });
  // The statement that runs fails, and says so; an idle connection that breaks is of no interest.
  client.on('error', () => undefined);
  try {
    await client.connect();
    // The role may have a limit that suits the service.
    await client.query('SET statement_timeout = 0');
    // Where this program dies, the server gives its statement up; not every platform can.
    await client.query("SET client_connection_check_interval = '5s'").catch(() => undefined);
  } catch (error) {
    await client.end().catch(() => undefined);
    const { hostname, port } = new URL(url);
    const reason = error instanceof Error ? error.message || (error as NodeJS.ErrnoException).code : error;
    throw new Error(
      `this file needs a direct connection, and ${hostname}:${port || 5432} gives none: ${reason}. ` +
        'DATABASE_DIRECT_URL names the server where DATABASE_URL does not.',
    );
  }
  return {
    query: async <Row>(statement: Parameters<DirectConnection['query']>[0]) => {
      const { text, params } = compile(statement);
      // The extended protocol takes one statement alone.
      const { rows } = await client.query({ text, values: params, queryMode: 'extended' } as pg.QueryConfig);
      return rows as Row[];
    },
    close: () => client.end(),
  };
}
