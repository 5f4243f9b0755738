import { type Fragment, join, sql } from '../db/sql.ts';
import type { GateRules } from './gate.ts';
import type { SecondFactor } from './second-factor.ts';

/**
 * The name of the first gate that refuses the session `s` of the user `u`, the account's closing number, and what would open
 * it, as text[]; or null: select it as `refused_by` in the first statement of the route, so that it costs no round trip, and do nothing
 * where it is not null.
 * @param hasPassword whether the current password is checked in the same request: a condition over `u`
 */
export function refusedBy(gateRules: GateRules, { hasPassword = sql`false` } = {}): Fragment {
  const { gates } = gateRules;
  if (gates.length === 0) return sql`NULL::text[]`;
  const asked = { ...gateRules, hasPassword };
  const u = sql`u`;
  const cases = gates.map(({ name, condition, methods }) => {
    const what = methods === undefined ? sql`` : sql` || ${methods(u, asked)}`;
    return sql`WHEN NOT ${condition(sql`s`, u, asked)} THEN ARRAY[${name}::text, ${u}.closing_number::text]${what}`;
  });
  return sql`CASE ${join(cases, ' ')} END`;
}

/** Whether every gate lets the session `s` of the user `u` pass: where `refusedBy` is null. */
export function passesGates(gateRules: GateRules, { hasPassword = sql`false` } = {}): Fragment {
  const asked = { ...gateRules, hasPassword };
  const conditions = gateRules.gates.map(({ condition }) => condition(sql`s`, sql`u`, asked));
  return conditions.length === 0 ? sql`true` : sql`(${join(conditions, ' AND ')})`;
}

/** Whether the account of the row `u` of users asks for a second factor. */
export function asksForSecondFactor(secondFactors: readonly SecondFactor[], u: Fragment): Fragment {
  return anyOf(secondFactors.map(({ isAskedFor }) => isAskedFor(u)));
}

/** Since when the account of the row `u` of users asks for a second factor, where it does. */
export function secondFactorSince(secondFactors: readonly SecondFactor[], u: Fragment): Fragment {
  const times = secondFactors.map(
    ({ isAskedFor, since }) => sql`CASE WHEN ${isAskedFor(u)} THEN ${since(u)} END`,
  );
  const [only] = times;
  if (only === undefined) return sql`NULL::timestamptz`;
  return times.length === 1 ? only : sql`least(${join(times, ', ')})`;
}

/** The names of the methods of the second factors that the account of the row `u` of users asks for: a text[]. */
export function secondFactorMethods(secondFactors: readonly SecondFactor[], u: Fragment): Fragment {
  const methods = secondFactors.map(
    (factor) => sql`CASE WHEN ${factor.isAskedFor(u)} THEN ${factor.methods(u)} ELSE '{}' END`,
  );
  return methods.length === 0 ? sql`'{}'::text[]` : join(methods, ' || ');
}

/** Whether a second factor of the account of the row `u` of users has lapsed: see `SecondFactor.endLapsed`. */
export function hasLapsedSecondFactor(secondFactors: readonly SecondFactor[], u: Fragment): Fragment {
  return anyOf(secondFactors.map(({ hasLapsed }) => hasLapsed(u)));
}

function anyOf(conditions: readonly Fragment[]): Fragment {
  const [only] = conditions;
  if (only === undefined) return sql`false`;
  return conditions.length === 1 ? only : sql`(${join(conditions, ' OR ')})`;
}
