import { type Fragment, sql } from '../../db/sql.ts';

/**
 * Whether the user `u` of users can have a code, unless the account asks for a second factor: without a password, and with
 * an address that was verified.
 */
export function hasEmailCode(u: Fragment): Fragment {
  return sql`(${u}.password_hash IS NULL AND ${u}.email_verified_at IS NOT NULL)`;
}
