import { type Fragment, join, sql } from '../db/sql.ts';
import type { Factor } from './factor.ts';
import type { Gate } from './gate.ts';

/**
 * The name of the first gate that refuses the session `s` of the user `u`, or null: select it as `refused_by` in the
 * first statement of the route, so that it costs no round trip, and do nothing where it is not null.
 * @param hasPassword whether the current password is checked in the same request
 */
export function refusedBy(gates: readonly Gate[], { hasPassword = false } = {}): Fragment {
  const asked = gates.filter((gate) => !(hasPassword && gate.isMetByPassword));
  if (asked.length === 0) return sql`NULL::text`;
  const cases = asked.map(
    ({ name, condition }) => sql`WHEN NOT ${condition(sql`s`, sql`u`)} THEN ${name}::text`,
  );
  return sql`CASE ${join(cases, ' ')} END`;
}

/** Whether the account of the row `u` of users asks for a second factor. */
export function asksForFactor(factors: readonly Factor[], u: Fragment): Fragment {
  if (factors.length === 0) return sql`false`;
  return sql`(${join(
    factors.map(({ isAskedFor }) => isAskedFor(u)),
    ' OR ',
  )})`;
}
