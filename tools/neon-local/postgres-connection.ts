import pg from 'pg';
import type { Connection, StatementResult } from './backend.ts';
import { StatementReader, toSqlError, type WireMessage } from './statement-reader.ts';

export interface ServerOptions {
  readonly serverUrl: string;
  /**
   * Whether a session keeps what it is asked a second time, and plans it once for all parameters, as Neon's proxy does not:
   * half of what a test run asks of the server is parsing and planning the same again.
   */
  readonly keepsStatements?: boolean;
}

interface Prepared {
  readonly text: string;
  /** Empty: the statement is forgotten at the next one. */
  readonly name: string;
  /** Whether the session has it already. */
  readonly isKept: boolean;
}

/** A session on a real PostgreSQL server. */
export class PostgresConnection implements Connection {
  readonly database: string;
  /** False after the server or the network has ended the session. */
  isUsable = true;
  readonly #client: pg.Client;
  /** The names of the statements that the session keeps, by their texts; those that ran once have none yet. */
  readonly #kept = new Map<string, string | undefined>();
  readonly #keepsStatements: boolean;
  /** A name of a statement that then failed is not given again: the session may have it. */
  #namesGiven = 0;

  private constructor(database: string, client: pg.Client, keepsStatements: boolean) {
    this.database = database;
    this.#client = client;
    this.#keepsStatements = keepsStatements;
    const markLost = () => {
      this.isUsable = false;
    };
    // Without a listener for `error`, a lost idle session would end the process.
    client.on('error', markLost);
    client.on('end', markLost);
  }

  /** @throws SqlError when the server refuses the login */
  static async open(
    { serverUrl, keepsStatements = false }: ServerOptions,
    database: string,
  ): Promise<PostgresConnection> {
    const url = new URL(serverUrl);
    url.pathname = `/${encodeURIComponent(database)}`;
    const client = new pg.Client({
      connectionString: url.href,
      ...(keepsStatements && { options: '-c plan_cache_mode=force_generic_plan' }),
    });
    const connection = new PostgresConnection(database, client, keepsStatements);
    try {
      await connection.#client.connect();
    } catch (error) {
      throw error instanceof pg.DatabaseError ? toSqlError(error) : error;
    }
    return connection;
  }

  async execute(text: string, params: readonly (string | null)[]): Promise<StatementResult> {
    const statement = this.#nameOf(text);
    try {
      const result = await new Promise<StatementResult>((resolve, reject) => {
        this.#client.query(new Statement({ text, ...statement }, params, resolve, reject));
      });
      if (this.#keepsStatements) this.#kept.set(text, statement.name || undefined);
      return result;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) this.isUsable = false;
      throw error instanceof pg.DatabaseError ? toSqlError(error) : error;
    }
  }

  /** A statement that comes again is parsed and planned a second time, and then kept. */
  #nameOf(text: string): Pick<Prepared, 'name' | 'isKept'> {
    const name = this.#kept.get(text);
    if (name !== undefined) return { name, isKept: true };
    if (!this.#kept.has(text)) return { name: '', isKept: false };
    this.#namesGiven += 1;
    return { name: `s${this.#namesGiven}`, isKept: false };
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
  readonly #statement: Prepared;
  readonly #params: readonly (string | null)[];
  readonly #resolve: (result: StatementResult) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    statement: Prepared,
    params: readonly (string | null)[],
    resolve: (result: StatementResult) => void,
    reject: (error: unknown) => void,
  ) {
    this.#statement = statement;
    this.#params = params;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: pg.Connection): void {
    connection.stream.cork();
    const { text, name, isKept } = this.#statement;
    if (!isKept) connection.parse({ name, text, types: [] }, true);
    connection.bind({ statement: name, values: [...this.#params] }, true);
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
