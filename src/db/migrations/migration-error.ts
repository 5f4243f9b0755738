interface Details {
  readonly cause?: unknown;
  readonly applied?: readonly string[];
  readonly isTemporary?: boolean;
}

/** A migration that cannot be applied; the message tells the operator which one and why. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly migration: string;
  /** The migrations that the same run had applied before. */
  readonly applied: readonly string[];
  /** Whether somebody else was in the way, so that the same run may pass later. */
  readonly isTemporary: boolean;

  constructor(migration: string, reason: string, { cause, applied = [], isTemporary = false }: Details = {}) {
    super(`migration ${migration}: ${reason}`, { cause });
    this.migration = migration;
    this.applied = applied;
    this.isTemporary = isTemporary;
  }
}

/** A file was edited after it was applied. */
export function editedError(name: string, applied: readonly string[] = []): MigrationError {
  return new MigrationError(
    name,
    'the file differs from what was applied. Landed migrations are never edited: restore it and add a new file.',
    { applied },
  );
}

/** PostgreSQL's message with everything that helps to find the place in `text`; other errors unchanged. */
export function describeRefusal(error: unknown, text: string): string {
  const { message, detail, hint, internalQuery, internalPosition } = databaseErrorIn(error);
  // The migration's own report: one line per row, and what to do about them.
  if (detail?.startsWith('  ')) return [message, detail, hint].filter(Boolean).join('\n');
  const parts = [message ?? String(error)];
  if (internalQuery === text && internalPosition !== undefined) {
    const before = [...internalQuery].slice(0, Number(internalPosition)).join('');
    parts.push(`line ${before.split('\n').length}`);
  }
  if (detail) parts.push(`detail: ${detail}`);
  if (hint) parts.push(`hint: ${hint}`);
  return parts.join('; ');
}

/** The SQLSTATE; undefined where PostgreSQL has not answered. */
export function sqlstateOf(error: unknown): string | undefined {
  return databaseErrorIn(error).code;
}

/** What an operator does where a lock is not given. */
export const whoIsInTheWay = [
  'pg_stat_activity shows who is in the way:',
  'SELECT pid, usename, state, xact_start, query FROM pg_stat_activity',
  'WHERE datname = current_database() AND xact_start IS NOT NULL ORDER BY xact_start.',
  'Wait for these transactions, or end one with SELECT pg_terminate_backend(pid), and run this again.',
].join(' ');

interface DatabaseErrorFields {
  readonly message?: string;
  readonly code?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly internalQuery?: string;
  readonly internalPosition?: string;
}

/** The innermost error is the database's own; clients wrap it. */
function databaseErrorIn(error: unknown): DatabaseErrorFields {
  if (!(error instanceof Error)) return {};
  return error.cause instanceof Error ? databaseErrorIn(error.cause) : error;
}
