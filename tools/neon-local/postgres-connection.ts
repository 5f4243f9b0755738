import pg from 'pg';
import type { Connection, StatementResult } from './backend.ts';
import { StatementReader, toSqlError, type WireMessage } from './statement-reader.ts';

/** A session on a real PostgreSQL server. */
export class PostgresConnection implements Connection {
  readonly database: string;
  /** False after the server or the network has ended the session. */
  isUsable = true;
  readonly #client: pg.Client;

  private constructor(database: string, client: pg.Client) {
    this.database = database;
    this.#client = client;
    const markLost = () => {
      this.isUsable = false;
    };
    // Without a listener for `error`, a lost idle session would end the process.
    client.on('error', markLost);
    client.on('end', markLost);
  }

  /** @throws SqlError when the server refuses the login */
  static async open(serverUrl: string, database: string): Promise<PostgresConnection> {
    const url = new URL(serverUrl);
    url.pathname = `/${encodeURIComponent(database)}`;
    const connection = new PostgresConnection(database, new pg.Client({ connectionString: url.href }));
    try {
      await connection.#client.connect();
    } catch (error) {
      throw error instanceof pg.DatabaseError ? toSqlError(error) : error;
    }
    return connection;
  }

  async execute(text: string, params: readonly (string | null)[]): Promise<StatementResult> {
    try {
      return await new Promise((resolve, reject) => {
        this.#client.query(new Statement(text, params, resolve, reject));
      });
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) this.isUsable = false;
      throw error instanceof pg.DatabaseError ? toSqlError(error) : error;
    }
  }

  isInTransaction(): boolean {
    return this.isUsable && this.#client.getTransactionStatus() !== 'I';
  }

  async close(): Promise<void> {
    this.isUsable = false;
    await this.#client.end().catch(() => undefined);
  }
}

/** Handles pg's raw messages, so that neither values nor the command tag are parsed. */
class Statement implements pg.Submittable {
  readonly #reader = new StatementReader();
  readonly #text: string;
  readonly #params: readonly (string | null)[];
  readonly #resolve: (result: StatementResult) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    text: string,
    params: readonly (string | null)[],
    resolve: (result: StatementResult) => void,
    reject: (error: unknown) => void,
  ) {
    this.#text = text;
    this.#params = params;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: pg.Connection): void {
    connection.stream.cork();
    connection.parse({ name: '', text: this.#text, types: [] }, true);
    connection.bind({ values: [...this.#params] }, true);
    connection.describe({ type: 'P', name: '' }, true);
    connection.execute({}, true);
    connection.sync();
    connection.stream.uncork();
  }

  handleRowDescription(message: WireMessage): void {
    this.#reader.read(message);
  }

  handleDataRow(message: WireMessage): void {
    this.#reader.read(message);
  }

  handleCommandComplete(message: WireMessage): void {
    this.#reader.read(message);
  }

  handleEmptyQuery(): void {
    // Nothing was run: the result has no rows and no tag.
  }

  handleCopyInResponse(connection: pg.Connection): void {
    connection.stream.destroy(new Error('COPY FROM STDIN cannot be served over HTTP'));
  }

  handleCopyData(): void {
    // The answer cannot contain COPY TO STDOUT, only its tag.
  }

  handleError(error: unknown): void {
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#reader.result());
  }
}
