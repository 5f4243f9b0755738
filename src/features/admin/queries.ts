import type { Database } from '../../db/client.ts';
import type { Effect } from '../../db/effects.ts';
import { effectCtes } from '../../db/fragments.ts';
import { type Fragment, sql } from '../../db/sql.ts';
import type { RequestMetadata } from '../../request-metadata.ts';
import { recordedBefore } from '../security-events/index.ts';
import { endSessionsOf } from '../sessions/index.ts';
import { banUser, lockUser, unbanUser } from '../users/index.ts';

/** The effects of an administrative action: on the user, and on each session that it ends. */
export interface AdminEffects {
  readonly onChange: readonly Effect[];
  readonly onEnd: readonly Effect[];
}

/**
 * Ends all sessions of a user. Round trips: 1.
 * @returns how many, or null when there is no such user
 */
export function endSessionsOfUser(
  db: Database,
  userId: string,
  metadata: RequestMetadata,
  effects: AdminEffects,
): Promise<number | null> {
  return changeAndEndSessions(db, 'end-sessions-of-user', userId, lockUser(userId), metadata, effects);
}

/**
 * Bans a user and ends all their sessions. A user who is banned already keeps the time of the ban. Round trips: 1.
 * @returns how many sessions ended, or null when there is no such user
 */
export function banUserAndEndSessions(
  db: Database,
  userId: string,
  metadata: RequestMetadata,
  effects: AdminEffects,
): Promise<number | null> {
  return changeAndEndSessions(db, 'ban-user', userId, banUser(userId), metadata, effects);
}

/** Lets a user sign in again. Round trips: 1. False when there is no such user. */
export async function liftBan(
  db: Database,
  userId: string,
  metadata: RequestMetadata,
  onChange: readonly Effect[],
): Promise<boolean> {
  const [row] = await db.query<FoundRow>('lift-ban', change(unbanUser(userId), metadata, onChange), {
    isIdempotent: true,
  });
  return row?.found === 1;
}

interface FoundRow {
  readonly found: number;
}

/**
 * A batch: the user's row is locked first, so that the next statements see what others did until then, such as a
 * session that a sign-in opened or a requested change of the address. A later sign-in finds the user as this leaves
 * it (SES-07).
 *
 * When it runs again because its response was lost, the events of the first run tell how many sessions it ended: all
 * but the event of the action itself, which exists by now in either case.
 */
async function changeAndEndSessions(
  db: Database,
  name: string,
  userId: string,
  target: Fragment,
  metadata: RequestMetadata,
  { onChange, onEnd }: AdminEffects,
): Promise<number | null> {
  const { change: users, endAll } = await db.batch(
    name,
    {
      holdUser: lockUser(userId),
      change: change(target, metadata, onChange),
      endAll: sql`
        WITH owner AS (SELECT ${userId}::uuid AS user_id),
        ended AS (${endSessionsOf(sql`owner`)})${effectCtes(onEnd, 'ended', metadata)}
        SELECT (SELECT count(*)::int FROM ended)
          + (SELECT greatest(count(*)::int - 1, 0) FROM (${recordedBefore(userId, metadata.operationId)}) b) AS ended`,
    },
    { isIdempotent: true },
  );
  if ((users[0] as FoundRow | undefined)?.found !== 1) return null;
  return (endAll[0] as { readonly ended: number } | undefined)?.ended ?? 0;
}

/** The statement around `target`, the body of a CTE that returns the user as `user_id`. */
function change(target: Fragment, metadata: RequestMetadata, onChange: readonly Effect[]): Fragment {
  return sql`
    WITH target AS (${target}),
    changed AS (SELECT t.user_id, NULL::uuid AS session_id FROM target t)${effectCtes(onChange, 'changed', metadata)}
    SELECT count(*)::int AS found FROM changed`;
}
