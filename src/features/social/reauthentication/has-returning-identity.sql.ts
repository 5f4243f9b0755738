import { type Fragment, sql } from '../../../db/sql.ts';
import { silentProviders } from '../providers/provider.ts';

/** Whether the user `u` of users has an identity of a provider that says when somebody authenticated there. */
export function hasReturningIdentity(u: Fragment): Fragment {
  return sql`EXISTS (SELECT FROM identities i WHERE i.user_id = ${u}.id AND i.provider <> ALL (${[...silentProviders]}::text[]))`;
}
