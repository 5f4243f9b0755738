import type { Database } from '../../../db/client.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import { type Credentials, closeWaysIn } from '../../../joints/closing.ts';
import { queueMail, queueNotice } from '../../../mail/queue-mail.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { formerAddresses, issueToken, type LinkMail } from '../../one-time-tokens/index.ts';
import { endedNow, recordEvents, recordedByUs, recordedNow } from '../../security-events/index.ts';
import {
  announceTwoFactorReset,
  fromDueTwoFactorResets,
  isTwoFactorResetDue,
  lockUser,
  recipientColumns,
} from '../../users/index.ts';

export interface ResetTarget {
  readonly is_enabled: boolean;
  /** When a reset that was asked for before becomes effective; null without one. */
  readonly effective_at: Date | null;
  /** The user's address, and every former one that could have the account back. */
  readonly addresses: readonly string[];
}

/** Reads what a reset of a user's second factor depends on. Round trips: 1. Null when there is no such user. */
export async function findResetTarget(db: Database, userId: string): Promise<ResetTarget | null> {
  const owner = sql`(SELECT target.id AS user_id)`;
  const statement = sql<ResetTarget>`
    SELECT target.two_factor_since IS NOT NULL AS is_enabled, target.two_factor_reset_at AS effective_at,
      ARRAY(SELECT DISTINCT r.recipient FROM (${everyRecipient(owner)}) r) AS addresses
    FROM users target WHERE target.id = ${userId}::uuid`;
  const [row] = await db.query('find-reset-target', statement, { isIdempotent: true });
  return row ?? null;
}

/**
 * Lets a reset of a user's second factor become effective in so many hours, and mails the link that stops it to every
 * address that could have the account back (OTP-15). Round trips: 1. Null when the user asks for no second factor any
 * longer; the time of an earlier reset, and no mail, where one waits already or this is a repeat.
 */
export async function announceReset(
  db: Database,
  userId: string,
  delayHours: number,
  { token, mail }: LinkMail,
  metadata: RequestMetadata,
): Promise<Date | null> {
  const once = sql`(
    SELECT u.id AS user_id, NULL::uuid AS session_id, u.email, u.two_factor_reset_at FROM users u
    WHERE u.id = ${userId}::uuid AND u.two_factor_reset_at = now() + make_interval(hours => ${delayHours}::int))`;
  const steps = {
    holdUser: lockUser(userId),
    announce: announceTwoFactorReset(userId, delayHours),
    issueLink: issueToken(once, token, {
      ...{ owner: sql`s.user_id`, email: sql`s.email`, expiresAt: sql`s.two_factor_reset_at` },
    }),
    record: recordEvents(
      once,
      {
        ...{ type: 'authz_admin', outcome: 'success', reason: 'two_factor_reset_announced' },
        ...{ isByOperator: true, isOncePerRequest: true },
      },
      metadata,
    ),
    // Whatever was mailed before: a reset that nobody is told of could not be stopped.
    mailEverybody: queueMail(everyRecipient(once), mail, 'none', metadata),
  };
  const { announce } = await db.batch('announce-two-factor-reset', steps, { isIdempotent: true });
  const [row] = announce;
  return row?.effective_at ?? null;
}

/** Finds up to `limit` users of whom a reset is due; one that somebody else holds is left for the next time. Round trips: 1. */
export async function findDueResets(db: Database, limit: number): Promise<string[]> {
  const statement = sql<{ user_id: string }>`
    SELECT u.id AS user_id ${fromDueTwoFactorResets()}
    ORDER BY u.two_factor_reset_at LIMIT ${limit}::int FOR UPDATE SKIP LOCKED`;
  const rows = await db.query('find-due-two-factor-resets', statement, { isIdempotent: true });
  return rows.map(({ user_id }) => user_id);
}

/**
 * Carries out the reset of a user's second factor, if it is due: authenticator, backup codes and trusted devices end, and
 * everybody is told who was told before. Round trips: 1. A repeat after a lost response finds the record of the first run.
 */
export async function carryOutReset(
  db: Database,
  userId: string,
  credentials: readonly Credentials[],
  metadata: RequestMetadata,
): Promise<void> {
  const recorded = recordedByUs(userId, metadata.operationId, 'authz_admin');
  const owner = sql`(SELECT ${userId}::uuid AS user_id WHERE EXISTS (${recorded}))`;
  const once = recordedNow(userId, metadata.operationId);
  const byOperator = { ...metadata, userAgent: null, location: null };
  const steps = {
    holdUser: lockUser(userId),
    record: recordEvents(
      sql`(
        SELECT u.id AS user_id, NULL::uuid AS session_id FROM users u
        WHERE u.id = ${userId}::uuid AND ${isTwoFactorResetDue(sql`u`)})`,
      { type: 'authz_admin', outcome: 'success', reason: 'two_factor_reset', isByOperator: true },
      metadata,
    ),
    ...closeWaysIn(credentials, {
      ...{ occasion: 'two_factor_reset', owner, ownerOnce: once },
      ...{ actingSessionId: null, since: null, metadata },
    }),
    tellEverybody: queueNotice(everyRecipient(once), 'two_factor_reset', 'none', byOperator, {
      ended: endedNow(metadata),
    }),
  };
  await db.batch('carry-out-two-factor-reset', steps, { isIdempotent: true });
}

/** The present address of the user in `owner`, a sub-select with `user_id`, and each former one that could have it back. */
function everyRecipient(owner: Fragment): Fragment {
  return sql`
    SELECT ${recipientColumns(sql`u`)} FROM ${owner} o JOIN users u ON u.id = o.user_id
    UNION ALL
    SELECT f.user_id, f.recipient, f.recipient_key, f.is_verified, u.locale
    FROM (${formerAddresses(owner)}) f JOIN users u ON u.id = f.user_id WHERE f.recipient <> u.email`;
}
