import { NeonDbError } from '@neondatabase/serverless';

/**
 * A failed statement. `outcome` says what is known of its effect (DBF-05): `rejected` means that PostgreSQL refused
 * it and nothing happened; `unknown` means that the response was lost and the statement may have committed.
 */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  readonly outcome: 'rejected' | 'unknown';
  /** The SQLSTATE, null when there was no response. The log writes it under this name. */
  readonly code: string | null;
  /** The violated constraint, if any. */
  readonly constraint: string | null;
  /** Whether the same request may succeed later without a change of the request or the code. */
  readonly isUnavailable: boolean;

  constructor(
    outcome: 'rejected' | 'unknown',
    code: string | null,
    constraint: string | null,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.outcome = outcome;
    this.code = code;
    this.constraint = constraint;
    this.isUnavailable = outcome === 'unknown' || (code !== null && isUnavailableState(code));
  }
}

/**
 * Classifies what the driver threw. Only a response with a real SQLSTATE is definite. A failed fetch, an abort, a
 * status other than 400, a 400 without a code (Neon's proxy sends "" when it cannot reach the database) and class 08
 * are not: the statement may have committed.
 */
export function toDatabaseError(thrown: unknown): DatabaseError {
  const sqlstate = thrown instanceof NeonDbError ? thrown.code : undefined;
  if (sqlstate === undefined || sqlstate === '') {
    return new DatabaseError('unknown', null, null, `no answer from the database: ${causeOf(thrown)}`, {
      cause: thrown,
    });
  }
  const outcome = sqlstate.startsWith('08') ? 'unknown' : 'rejected';
  const constraint = (thrown as NeonDbError).constraint ?? null;
  return new DatabaseError(outcome, sqlstate, constraint, (thrown as NeonDbError).message, { cause: thrown });
}

// 40001 and 40P01: lost against another transaction; 53xxx: out of resources; 55P03: lock not available; 57xxx:
// operator intervention, including statement timeouts; 58xxx and XXxxx: system errors (Neon's storage fails with
// XX000); 25006: a read-only primary during a failover; 28xxx, 42501 and 3D000: credentials, grants or database name;
// 42P01 and 42703: a schema older than the code. All of these are for the operator to fix, none for the caller.
function isUnavailableState(sqlstate: string): boolean {
  return /^(40001|40P01|53|55P03|57|58|XX|25006|28|42501|3D000|42P01|42703)/.test(sqlstate);
}

// Never the whole error: the driver's message for a failed call can quote the response of the endpoint.
function causeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'unknown error';
  const source = thrown instanceof NeonDbError ? thrown.sourceError : thrown;
  if (source instanceof Error) return source.name === 'AbortError' ? 'timed out' : source.name;
  return /HTTP status (\d{3})/.exec(thrown.message)?.[0] ?? thrown.name;
}
