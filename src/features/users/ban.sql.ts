import { type Fragment, sql } from '../../db/sql.ts';

/** Body of a CTE that bans a user and returns its `user_id`. An existing ban keeps its time. */
export function banUser(userId: string): Fragment {
  return sql`
    UPDATE users u SET banned_at = coalesce(u.banned_at, now()) WHERE u.id = ${userId}::uuid
    RETURNING u.id AS user_id`;
}

/** Body of a CTE that lifts a user's ban and returns its `user_id`. */
export function unbanUser(userId: string): Fragment {
  return sql`UPDATE users u SET banned_at = NULL WHERE u.id = ${userId}::uuid RETURNING u.id AS user_id`;
}
