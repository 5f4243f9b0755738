import { PGlite } from '@electric-sql/pglite';
import { serialize } from 'pg-protocol';
import type { Backend, Connection, StatementResult } from './backend.ts';
import { SqlError } from './backend.ts';
import { StatementReader } from './statement-reader.ts';

export interface PGliteOptions {
  /** The name of the initial database. */
  readonly database: string;
  /** The folder of its data; undefined keeps it in memory. */
  readonly dataDir?: string | undefined;
  /** The most databases at once, each a whole PostgreSQL of about 200 MB; `createDatabase` waits for room. */
  readonly databasesMax?: number;
}

/** Opens an embedded PostgreSQL: one single-connection instance per database. */
export async function openPGlite(options: PGliteOptions): Promise<Backend> {
  const { database, dataDir, databasesMax = 8 } = options;
  const instances = new Map<string, PGlite>();
  const dumps = new Map<string, Promise<Blob>>();
  const waiting: (() => void)[] = [];
  let count = 1;
  instances.set(database, await PGlite.create(dataDir === undefined ? {} : { dataDir }));

  function find(name: string): PGlite {
    const instance = instances.get(name);
    if (instance) return instance;
    throw new SqlError(`database "${name}" does not exist`, { code: '3D000', severity: 'FATAL' });
  }

  async function createDatabase(name: string, template: string): Promise<void> {
    while (count >= databasesMax) await new Promise<void>((resolve) => waiting.push(resolve));
    count++;
    try {
      // The template is dumped once: it must not change after the first copy.
      const dump = dumps.get(template) ?? find(template).dumpDataDir('none');
      dumps.set(template, dump);
      instances.set(name, await PGlite.create({ loadDataDir: await dump }));
    } catch (error) {
      makeRoom();
      throw error;
    }
  }

  async function dropDatabase(name: string): Promise<void> {
    const instance = instances.get(name);
    if (!instance) return;
    instances.delete(name);
    await instance.close();
    makeRoom();
  }

  function makeRoom(): void {
    count--;
    waiting.shift()?.();
  }

  return {
    run: async (name, work) => {
      const instance = find(name);
      return instance.runExclusive(async () => {
        const connection = new PGliteConnection(instance);
        try {
          return await work(connection);
        } finally {
          if (connection.isInTransaction()) await connection.execute('ROLLBACK', []);
        }
      });
    },
    createDatabase,
    dropDatabase,
    close: async () => {
      await Promise.all([...instances.keys()].map(dropDatabase));
    },
  };
}

class PGliteConnection implements Connection {
  readonly #instance: PGlite;
  #transactionStatus = 'I';

  constructor(instance: PGlite) {
    this.#instance = instance;
  }

  // Not PGlite.query(): it refuses text for bytea parameters and parses the values, so the raw text would be lost.
  async execute(text: string, params: readonly (string | null)[]): Promise<StatementResult> {
    const request = Buffer.concat([
      serialize.parse({ text }),
      serialize.bind({ values: [...params] }),
      serialize.describe({ type: 'P' }),
      serialize.execute(),
      serialize.sync(),
    ]);
    const { messages } = await this.#instance.execProtocol(request, { throwOnError: false });
    const reader = new StatementReader();
    for (const message of messages) reader.read(message);
    this.#transactionStatus = reader.transactionStatus;
    return reader.result();
  }

  isInTransaction(): boolean {
    return this.#transactionStatus !== 'I';
  }
}
