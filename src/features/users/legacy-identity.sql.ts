import { type Fragment, sql } from '../../db/sql.ts';

/**
 * A statement that takes what the legacy system stored of an identity from the users in `owner`, a sub-select with `user_id`
 * and `subject`, or that system would go on letting it in.
 */
export function dropLegacyIdentity(owner: Fragment): Fragment {
  return sql`
    UPDATE users u SET oauth_provider = NULL, oauth_id = NULL
    FROM ${owner} o WHERE u.id = o.user_id AND u.oauth_id = o.subject`;
}
