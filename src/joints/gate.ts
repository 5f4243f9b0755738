import type { Fragment } from '../db/sql.ts';
import { type AuthError, commonErrors } from '../errors.ts';

/**
 * A condition for every sensitive route, such as a recent authentication. A feature brings it in its manifest; no route
 * changes for it.
 */
export interface Gate {
  /** snake_case: how the statement tells which gate refused. */
  readonly name: string;
  /** Whether the caller may pass: a boolean expression over the session `s` and its user `u`, never null. */
  readonly condition: (s: Fragment, u: Fragment) => Fragment;
  /** Whether the current password in the request stands in for it. */
  readonly isMetByPassword: boolean;
  readonly refuse: () => AuthError;
}

/** What a statement of a sensitive route selects, and on which its work depends. */
export interface GatedRow {
  /** The name of the first gate that refuses; null when all let the caller pass. */
  readonly refused_by: string | null;
}

/**
 * Returns the row of a sensitive statement if every gate let the caller pass. Null means that there is no live session.
 * @throws AuthError unauthenticated
 * @throws AuthError the refusal of the gate, such as reauthentication_required
 */
export function passGates<R extends GatedRow>(gates: readonly Gate[], row: R | null): R {
  if (row === null) throw commonErrors.unauthenticated();
  if (row.refused_by === null) return row;
  const gate = gates.find(({ name }) => name === row.refused_by);
  if (gate === undefined) throw new TypeError('a refusal must come from a gate');
  throw gate.refuse();
}
