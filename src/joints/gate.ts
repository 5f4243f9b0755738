import type { Fragment } from '../db/sql.ts';
import { type AuthError, commonErrors } from '../errors.ts';
import type { ReauthenticationMethod } from './reauthentication.ts';
import type { SecondFactor } from './second-factor.ts';

/**
 * A condition for every sensitive route, such as a recent authentication. A feature brings it in its manifest; no route
 * changes for it.
 */
export interface Gate {
  /** snake_case: how the statement tells which gate refused. */
  readonly name: string;
  /** Whether the caller may pass: a boolean expression over the session `s` and its user `u`, never null. */
  readonly condition: (s: Fragment, u: Fragment, asked: Asked) => Fragment;
  /** What would open it, for the refusal: a text[] expression over the user `u`, never null. */
  readonly methods?: (u: Fragment, asked: Asked) => Fragment;
  /**
   * @param methods what would open it
   * @param closingNumber that of the account, which a form carries that waits until it is open
   */
  readonly refuse: (methods: readonly string[], closingNumber: number) => AuthError;
}

/** What decides who may pass: the gates, and what they can ask for. */
export interface GateRules {
  readonly gates: readonly Gate[];
  readonly secondFactors: readonly SecondFactor[];
  readonly reauthentications: readonly ReauthenticationMethod[];
}

/** What a gate may make its condition depend on. */
export interface Asked extends Omit<GateRules, 'gates'> {
  /** Whether the current password is checked in the same request: a condition over the user `u`, never null. */
  readonly hasPassword: Fragment;
}

/** What a statement of a sensitive route selects, and on which its work depends. */
export interface GatedRow {
  /** The first gate that refuses, as `refusedBy` tells it; null when all let the caller pass. */
  readonly refused_by: readonly string[] | null;
}

/**
 * Returns the row of a sensitive statement if every gate let the caller pass. Null means that there is no live session.
 * @throws AuthError unauthenticated
 * @throws AuthError the refusal of the gate, such as reauthentication_required
 */
export function passGates<R extends GatedRow>({ gates }: Pick<GateRules, 'gates'>, row: R | null): R {
  if (row === null) throw commonErrors.unauthenticated();
  if (row.refused_by === null) return row;
  const [name, closingNumber, ...methods] = row.refused_by;
  const gate = gates.find((candidate) => candidate.name === name);
  if (gate === undefined) throw new TypeError('a refusal must come from a gate');
  throw gate.refuse(methods, Number(closingNumber));
}
