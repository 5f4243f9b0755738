import type { Database } from '../../db/client.ts';
import { sql } from '../../db/sql.ts';
import {
  type CallerIds,
  fromLiveSession,
  keepSession,
  type SessionRow,
  sessionColumns,
} from '../sessions/index.ts';
import { lockUser, type UserRow, updateProfile, userColumns } from '../users/index.ts';

/** Returns the caller and their current session. Round trips: 1. Null when the session is no longer live. */
export async function findMe(db: Database, caller: CallerIds): Promise<(UserRow & SessionRow) | null> {
  const statement = sql<
    UserRow & SessionRow
  >`SELECT ${userColumns(sql`u`)}, ${sessionColumns(sql`s`)} ${fromLiveSession(caller)}`;
  const [row] = await db.query('find-me', statement, { isIdempotent: true });
  return row ?? null;
}

/**
 * Changes the caller's profile. Round trips: 1. Null when the session is no longer live, also when it ended while this
 * waited for another change of the account; nothing changes then.
 */
export async function updateMe(
  db: Database,
  caller: CallerIds,
  changes: { readonly name?: string | undefined; readonly locale?: string | undefined },
): Promise<UserRow | null> {
  const steps = {
    holdUser: lockUser(caller.userId),
    keepSession: keepSession(caller, sql`s.user_id`),
    update: sql<UserRow>`
      WITH caller AS (SELECT s.user_id ${fromLiveSession(caller)}),
      updated AS (${updateProfile(sql`caller`, changes)})
      SELECT ${userColumns(sql`updated`)} FROM updated`,
  };
  const { update } = await db.batch('update-me', steps, { isIdempotent: true });
  return update[0] ?? null;
}
