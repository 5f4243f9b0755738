import { type Fragment, sql } from '../../db/sql.ts';
import { endRecovery } from './recovery/recovery.sql.ts';

/**
 * Body of a CTE that replaces a password hash with a better one of the same password. Compare-and-set: it changes
 * nothing when the hash is no longer the verified one, so it can never undo a reset (HSH-06).
 */
export function replacePasswordHash(owner: Fragment, verifiedHash: string, newHash: string): Fragment {
  return sql`
    UPDATE users u SET password_hash = ${newHash}
    FROM ${owner} o WHERE u.id = o.user_id AND u.password_hash = ${verifiedHash}
    RETURNING u.id`;
}

/** Body of a CTE that sets the password of the users in `owner`, a CTE with `user_id`. */
export function setPasswordHash(owner: Fragment, newHash: string): Fragment {
  return sql`
    UPDATE users u SET password_hash = ${newHash}, updated_at = now()
    FROM ${owner} o WHERE u.id = o.user_id
    RETURNING u.id`;
}

/**
 * A statement that sets the password of the users in `owner`, a sub-select with `user_id`, who have proved that they
 * read their mail: the address becomes verified, and a recovery is over.
 */
export function setProvedPassword(owner: Fragment, newHash: string): Fragment {
  return sql`
    UPDATE users u SET password_hash = ${newHash}, email_verified_at = coalesce(u.email_verified_at, now()),
      ${endRecovery}, updated_at = now()
    FROM ${owner} o WHERE u.id = o.user_id`;
}
