import { type Fragment, sql } from '../../../db/sql.ts';

/** Whether the user `u` of users has a password. */
export function hasPassword(u: Fragment): Fragment {
  return sql`${u}.password_hash IS NOT NULL`;
}
