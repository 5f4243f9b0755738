import type { ErrorFields, Field, StatementResult } from './backend.ts';
import { SqlError } from './backend.ts';

/** The relevant messages; PGlite's parser and pg's agree on these members. */
export interface WireMessage {
  readonly name?: string;
  readonly fields?: readonly unknown[];
  readonly text?: string;
  readonly status?: string;
}

/** Collects the answer to one statement, message by message, until ReadyForQuery. */
export class StatementReader {
  #fields: readonly Field[] = [];
  readonly #rows: (string | null)[][] = [];
  #tag = '';
  #failure: SqlError | undefined;
  /** `I` idle, `T` in a transaction, `E` in a failed one. */
  transactionStatus = 'I';

  read(message: WireMessage): void {
    switch (message.name) {
      case 'rowDescription':
        this.#fields = (message.fields ?? []) as Field[];
        return;
      case 'dataRow':
        this.#rows.push((message.fields ?? []) as (string | null)[]);
        return;
      case 'commandComplete':
        this.#tag = message.text ?? '';
        return;
      case 'error':
        this.#failure ??= toSqlError(message as WireMessage & ErrorFields & { message?: string });
        return;
      case 'readyForQuery':
        this.transactionStatus = message.status ?? 'I';
        return;
      default:
        return;
    }
  }

  /** @throws SqlError when the server sent one */
  result(): StatementResult {
    if (this.#failure) throw this.#failure;
    return { fields: this.#fields, rows: this.#rows, tag: this.#tag };
  }
}

/** Converts PostgreSQL's ErrorResponse. */
export function toSqlError(message: ErrorFields & { readonly message?: string }): SqlError {
  return new SqlError(message.message ?? 'unknown error', message);
}
