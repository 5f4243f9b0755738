import type { Address } from '../../address/address-key.ts';
import { type Fragment, sql } from '../../db/sql.ts';
import { hasAddress } from './address.sql.ts';

/**
 * Locks a user until the transaction ends and returns its `user_id`. A later sign-in waits; an earlier one must
 * finish first. As a statement of its own at the start of a batch, it gives the next one a snapshot with everything
 * that others committed until then.
 */
export function lockUser(userId: string): Fragment {
  return sql`SELECT u.id AS user_id FROM users u WHERE u.id = ${userId}::uuid FOR NO KEY UPDATE`;
}

/**
 * Keeps a user from being deleted or given another address until the transaction ends; whatever else is done to the row
 * goes on.
 */
export function keepUser(userId: string): Fragment {
  return sql`SELECT u.id AS user_id FROM users u WHERE u.id = ${userId}::uuid FOR KEY SHARE`;
}

/** Like `lockUser`, beside others who take it so: nobody changes the password or the address meanwhile. */
export function lockUserForShare(userId: string): Fragment {
  return sql`SELECT u.id AS user_id FROM users u WHERE u.id = ${userId}::uuid FOR SHARE`;
}

/** Like `lockUser`, for the user with this address, in whatever spelling. */
export function lockUserOf(address: Address): Fragment {
  return sql`SELECT u.id AS user_id FROM users u WHERE ${hasAddress(sql`u`, address)} ORDER BY u.id FOR NO KEY UPDATE`;
}

/** Like `lockUser`, for a statement that changes the user's address or deletes the user. */
export function lockUserForUpdate(userId: string): Fragment {
  return sql`SELECT u.id AS user_id FROM users u WHERE u.id = ${userId}::uuid FOR UPDATE`;
}
