import { type Fragment, sql } from '../../db/sql.ts';
import { issueToken, type NewOneTimeToken } from '../one-time-tokens/index.ts';
import { isVerificationDue } from '../users/index.ts';

/** An account younger than this may have a typing error in its address. */
const correctableSeconds = 86_400;

/** How long the way back to a corrected address is; to any other as long as a `revert_email` link, seven days. */
const correctedTtlSeconds = 86_400;

/**
 * Which way back there is to the present address of the user `u` of users, once the account leaves it. `corrected`: never
 * verified, in an account of less than a day, as after a typing error. `unverified`: never verified, in an older account,
 * which differs in its budget of mails alone. Null: any other. It is stored with the link, so that no later proof changes
 * it.
 */
function wayBackOf(u: Fragment): Fragment {
  return sql`CASE WHEN NOT ${isVerificationDue(u)} THEN NULL
      WHEN ${u}.created_at > now() - make_interval(secs => ${correctableSeconds}::int) THEN 'corrected' ELSE 'unverified' END`;
}

/**
 * A statement that issues the link by which the present address of the user of `owner`, a sub-select with `user_id`, gets
 * the account back: within seven days, or one day for a corrected address. It comes before the change.
 */
export function issueWayBack(owner: Fragment, token: NewOneTimeToken): Fragment {
  const leaving = sql`(
    SELECT o.user_id, u.email, u.address_key, ${wayBackOf(sql`u`)} AS way_back
    FROM ${owner} o JOIN users u ON u.id = o.user_id)`;
  return issueToken(leaving, token, {
    ...{ owner: sql`s.user_id`, email: sql`s.email`, target: sql`s.email` },
    ...{ targetKey: sql`s.address_key`, wayBack: sql`s.way_back` },
    expiresAt: sql`now() + make_interval(secs => CASE s.way_back WHEN 'corrected' THEN ${correctedTtlSeconds}::int ELSE ${token.ttlSeconds}::int END)`,
  });
}
