import { type Fragment, sql } from '../../../db/sql.ts';

/**
 * Locks a user until the transaction ends and returns its `user_id`. A later sign-in waits; an earlier one must
 * finish first. As a statement of its own at the start of a batch, it gives the next one a snapshot with everything
 * that others committed until then.
 */
export function lockUser(userId: string): Fragment {
  return sql`SELECT u.id AS user_id FROM users u WHERE u.id = ${userId}::uuid FOR NO KEY UPDATE`;
}

/** Like `lockUser`, for the user with this address. */
export function lockUserOf(email: string): Fragment {
  return sql`SELECT u.id AS user_id FROM users u WHERE lower(u.email) = ${email} FOR NO KEY UPDATE`;
}

/** Like `lockUser`, for a statement that changes the user's address or deletes the user. */
export function lockUserForUpdate(userId: string): Fragment {
  return sql`SELECT u.id AS user_id FROM users u WHERE u.id = ${userId}::uuid FOR UPDATE`;
}
