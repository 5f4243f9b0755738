import type { Database } from '../../db/client.ts';
import { type Fragment, sql } from '../../db/sql.ts';
import { type Credentials, closeWaysIn, type Occasion } from '../../joints/closing.ts';
import type { EventReason } from '../../joints/event-types.ts';
import type { RequestMetadata } from '../../request/request-metadata.ts';
import { recordEvents, recordedByUs } from '../security-events/index.ts';
import { banUser, lockUser, unbanUser } from '../users/index.ts';

/** What an operator does to a user whose sessions end by it, by what the record calls it. */
const endings = {
  sign_out: { name: 'end-sessions-of-user', occasion: 'signed_out_by_operator' },
  // A user who is banned already keeps the time of the ban.
  ban: { name: 'ban-user', occasion: 'banned' },
} as const satisfies Readonly<Record<string, { readonly name: string; readonly occasion: Occasion }>>;

/**
 * Ends all sessions of a user, with a ban or without, and what the closing table says besides. Round trips: 1.
 *
 * The user's row is locked first, so that the next statements see what others did until then, such as a session that a
 * sign-in opened or a requested change of the address. A later sign-in finds the user as this leaves it (SES-07).
 *
 * When it runs again because its response was lost, the events of the operation tell how many sessions it ended.
 * @returns how many sessions ended, or null when there is no such user
 */
export async function endSessionsOfUser(
  db: Database,
  userId: string,
  action: keyof typeof endings,
  credentials: readonly Credentials[],
  metadata: RequestMetadata,
): Promise<number | null> {
  const { name, occasion } = endings[action];
  const change = action === 'ban' ? banUser(userId) : null;
  const owner = sql`(SELECT ${userId}::uuid AS user_id)`;
  const ended = recordedByUs(userId, metadata.operationId, 'authn_token_revoked');
  const steps = {
    holdUser: lockUser(userId),
    change,
    ...closeWaysIn(credentials, {
      ...{ occasion, owner, ownerOnce: owner, actingSessionId: null, since: null, metadata },
    }),
    record: recordAction(userId, action, metadata),
    count: sql<{ readonly ended: number }>`SELECT count(*)::int AS ended FROM (${ended}) e`,
  };
  const { holdUser, count } = await db.batch(name, steps, { isIdempotent: true });
  if (holdUser.length === 0) return null;
  return count[0]?.ended ?? 0;
}

/** Lets a user sign in again. Round trips: 1. False when there is no such user. */
export async function liftBan(db: Database, userId: string, metadata: RequestMetadata): Promise<boolean> {
  const steps = {
    holdUser: lockUser(userId),
    change: unbanUser(userId),
    record: recordAction(userId, 'unban', metadata),
  };
  const { holdUser } = await db.batch('lift-ban', steps, { isIdempotent: true });
  return holdUser.length > 0;
}

function recordAction(
  userId: string,
  action: EventReason<'authz_admin'>,
  metadata: RequestMetadata,
): Fragment {
  return recordEvents(
    sql`(SELECT u.id AS user_id, NULL::uuid AS session_id FROM users u WHERE u.id = ${userId}::uuid)`,
    { type: 'authz_admin', outcome: 'success', reason: action, isByOperator: true, isOncePerRequest: true },
    metadata,
  );
}
