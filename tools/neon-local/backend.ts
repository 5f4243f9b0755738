/** One column, as in PostgreSQL's RowDescription message. */
export interface Field {
  readonly name: string;
  readonly tableID: number;
  readonly columnID: number;
  readonly dataTypeID: number;
  readonly dataTypeSize: number;
  readonly dataTypeModifier: number;
}

/** The result of one statement, in PostgreSQL's text format. */
export interface StatementResult {
  readonly fields: readonly Field[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** The command tag, such as `INSERT 0 1`; empty for an empty statement. */
  readonly tag: string;
}

/** A session that runs one statement at a time. */
export interface Connection {
  /**
   * Runs exactly one statement through the unnamed extended protocol.
   * @throws SqlError when PostgreSQL refuses it
   */
  execute(text: string, params: readonly (string | null)[]): Promise<StatementResult>;
  /** Whether a transaction is open, which must not leak into another request. */
  isInTransaction(): boolean;
}

/** The PostgreSQL behind the endpoint: embedded or a real server. */
export interface Backend {
  /** Runs `work` with a connection to the named database. */
  run<T>(database: string, work: (connection: Connection) => Promise<T>): Promise<T>;
  /** Creates a database as a copy of another one; nobody may use the template at that time. */
  createDatabase(name: string, template: string): Promise<void>;
  dropDatabase(name: string): Promise<void>;
  close(): Promise<void>;
}

/** The members of an ErrorResponse that Neon's answer has besides `message`, in its order. */
export const errorFields = [
  'code',
  'detail',
  'hint',
  'position',
  'internalPosition',
  'internalQuery',
  'severity',
  'where',
  'table',
  'column',
  'schema',
  'dataType',
  'constraint',
  'file',
  'line',
  'routine',
] as const;

export type ErrorFields = { readonly [Name in (typeof errorFields)[number]]?: string | undefined };

/** An error of PostgreSQL, with all members that it sent. */
export class SqlError extends Error {
  override readonly name = 'SqlError';
  readonly fields: ErrorFields;

  constructor(message: string, fields: ErrorFields) {
    super(message);
    this.fields = fields;
  }

  /** Whether the server has closed the session, so that it cannot be used again. */
  get isFatal(): boolean {
    return this.fields.severity === 'FATAL' || this.fields.severity === 'PANIC';
  }
}
