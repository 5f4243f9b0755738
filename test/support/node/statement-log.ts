import type { RecordedStatement, RunReport } from '../../../tools/sql-docs/recorded-statement.ts';

/** What one test file tells. */
export interface StatementReport {
  /** Its path. */
  readonly file: string;
  readonly statements: readonly RecordedStatement[];
}

/** Every statement that the test files of this run have compiled, each once. */
export class StatementLog {
  readonly #files = new Set<string>();
  readonly #statements = new Map<string, RecordedStatement>();

  add({ file, statements }: StatementReport): void {
    this.#files.add(file);
    for (const statement of statements) this.#statements.set(JSON.stringify(statement), statement);
  }

  report(): RunReport {
    return { files: [...this.#files], statements: [...this.#statements.values()] };
  }
}
