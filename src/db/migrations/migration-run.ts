import type { Fragment } from '../sql.ts';
import type { MigrationLimits } from './migration-limits.ts';

/** One file of `migrations/`. */
export interface Migration {
  /** The file's name without its ending, such as `0001_earlier_schema`; the order is that of the names. */
  readonly name: string;
  readonly sql: string;
}

/** What the runner needs of a database client. */
export interface StatementRunner {
  query<Row>(statement: Fragment): Promise<Row[]>;
  /** Runs the statements in one READ COMMITTED transaction and one round trip. */
  batch(statements: readonly Fragment[]): Promise<unknown[][]>;
}

/** A connection of its own to the server, on which a statement may run for as long as it takes. */
export interface DirectConnection {
  query<Row>(statement: Fragment): Promise<Row[]>;
  close(): Promise<void>;
}

/** One call of `migrate`, for those who work for it. */
export interface Run {
  readonly database: StatementRunner;
  /** The migrations that this run has applied so far. */
  readonly applied: readonly string[];
  readonly openDirect: (() => Promise<DirectConnection>) | undefined;
  readonly runner: string;
  readonly log: (line: string) => void;
  readonly limits: MigrationLimits;
}
