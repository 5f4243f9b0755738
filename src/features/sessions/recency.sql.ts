import { type Fragment, join, sql } from '../../db/sql.ts';
import { asksForSecondFactor, secondFactorMethods, secondFactorSince } from '../../joints/ask-gates.sql.ts';
import type { Asked } from '../../joints/gate.ts';

/** How long an authentication counts as recent. */
const recentSeconds = 600;

/**
 * Whether the user `u` of the session `s` authenticated within the last ten minutes, by the database's clock. Where the
 * account asks for a second factor, only passing that counts, since the account asks for it: not the password, not a
 * trusted device, not what the session passed before (SES-19).
 */
export function isAuthenticatedRecently(
  s: Fragment,
  u: Fragment,
  { secondFactors, hasPassword }: Asked,
): Fragment {
  const first = sql`(${hasPassword} OR ${s}.authenticated_at > ${recently})`;
  if (secondFactors.length === 0) return sql`(${first})`;
  return sql`(CASE WHEN ${asksForSecondFactor(secondFactors, u)}
      THEN coalesce(${s}.second_factor_at > ${recently} AND ${s}.second_factor_at >= ${secondFactorSince(secondFactors, u)}, false)
      ELSE ${first} END)`;
}

/** What would make it recent: the methods of the second factor, where there is one. */
export function recentMethods(u: Fragment, { secondFactors, reauthentications }: Asked): Fragment {
  const usable = reauthentications.flatMap(({ name, isUsable }) =>
    isUsable === null ? [] : [sql`CASE WHEN ${isUsable(u)} THEN ${name} END`],
  );
  const first = sql`array_remove(ARRAY[${join(usable, ', ')}]::text[], NULL)`;
  if (secondFactors.length === 0) return first;
  return sql`CASE WHEN ${asksForSecondFactor(secondFactors, u)} THEN ${secondFactorMethods(secondFactors, u)} ELSE ${first} END`;
}

const recently = sql`now() - make_interval(secs => ${recentSeconds}::int)`;
