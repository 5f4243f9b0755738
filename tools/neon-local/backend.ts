/** One column as PostgreSQL's RowDescription message names it. */
export interface Field {
  readonly name: string;
  readonly tableID: number;
  readonly columnID: number;
  readonly dataTypeID: number;
  readonly dataTypeSize: number;
  readonly dataTypeModifier: number;
}

/** What one statement answered, in PostgreSQL's own text format. */
export interface StatementResult {
  readonly fields: readonly Field[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** The command tag, such as `INSERT 0 1`; empty for an empty statement. */
  readonly tag: string;
}

/** A session that runs one statement after the other. */
export interface Connection {
  /**
   * Runs exactly one statement through the unnamed extended protocol.
   * @throws SqlError when PostgreSQL refuses it
   */
  execute(text: string, params: readonly (string | null)[]): Promise<StatementResult>;
  /** Whether a transaction is open, which must not leak into somebody else's request. */
  isInTransaction(): boolean;
}

/** A PostgreSQL behind the endpoint: embedded or a real server. */
export interface Backend {
  /** Lends a connection to the named database for the time of `work`. */
  run<T>(database: string, work: (connection: Connection) => Promise<T>): Promise<T>;
  /** Makes a database as a copy of another one; nobody may be using the template meanwhile. */
  createDatabase(name: string, template: string): Promise<void>;
  dropDatabase(name: string): Promise<void>;
  close(): Promise<void>;
}

/** The members of an ErrorResponse that Neon's answer carries beside `message`, in its order. */
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

/** PostgreSQL's own refusal, with every member that it sent. */
export class SqlError extends Error {
  override readonly name = 'SqlError';
  readonly fields: ErrorFields;

  constructor(message: string, fields: ErrorFields) {
    super(message);
    this.fields = fields;
  }

  /** Such a session is closed by the server, so it cannot be used again. */
  get isFatal(): boolean {
    return this.fields.severity === 'FATAL' || this.fields.severity === 'PANIC';
  }
}
