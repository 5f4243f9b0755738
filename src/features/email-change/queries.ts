import type { Database } from '../../db/client.ts';
import { DatabaseError } from '../../db/database-error.ts';
import type { Effect, Effects } from '../../db/effects.ts';
import { effectCtes } from '../../db/fragments.ts';
import { sql } from '../../db/sql.ts';
import { mailAllowance, queueMail, queueNotice, toUser } from '../../mail/fragments.ts';
import type { MailBudget } from '../../mail/mail-budget.ts';
import type { PreparedMail } from '../../mail/prepared-mail.ts';
import type { RequestMetadata } from '../../request-metadata.ts';
import {
  consumedBefore,
  consumeToken,
  fromHeldEmail,
  fromLiveToken,
  isHeldEmail,
  issueToken,
  type NewOneTimeToken,
  type PresentedOneTimeToken,
  revokeLaterTokens,
  revokeTokens,
} from '../one-time-tokens/index.ts';
import { dropPendingRegistrations } from '../pending-registrations/index.ts';
import {
  type CallerIds,
  endSessionsOf,
  fromLiveSession,
  isRecentlyAuthenticated,
} from '../sessions/index.ts';
import { changeEmail, isTakenEmail, lockUserForUpdate, restoreEmail } from '../users/index.ts';

/** A change of the address that a signed-in user asks for. */
export interface RequestedChange {
  /** Canonical, as `emailAddress` returns it. */
  readonly newEmail: string;
  /** Then nothing happens. */
  readonly isReserved: boolean;
  readonly token: NewOneTimeToken;
  readonly mail: PreparedMail;
  readonly budget: MailBudget;
}

export interface RequestedChangeRow {
  readonly is_recent: boolean;
  /** The account has this address already. */
  readonly is_unchanged: boolean;
}

/**
 * Stores the token of a change and queues the mail with its link. Round trips: 1. Null when the session is not live.
 *
 * When another account has the address, or can have it back, the same rows are written: a token that nobody ever
 * gets, and a notice instead of the mail. A batch, since the later of two concurrent requests must revoke the token
 * of the earlier one, for which it has waited (EML-08). The session is locked after its user: a password change that
 * the statement waited for may have ended it, and the snapshot would still show it.
 */
export async function requestChange(
  db: Database,
  caller: CallerIds,
  { newEmail, isReserved, token, mail, budget }: RequestedChange,
  metadata: RequestMetadata,
  onRequested: readonly Effect[],
): Promise<RequestedChangeRow | null> {
  const request = sql`
    WITH caller AS MATERIALIZED (
      SELECT s.user_id, s.id AS session_id, u.locale, lower(u.email) = ${newEmail} AS is_unchanged,
        ${isRecentlyAuthenticated(sql`s`)} AS is_recent ${fromLiveSession(caller)} FOR NO KEY UPDATE OF u
    ),
    live AS MATERIALIZED (SELECT c.* FROM caller c JOIN sessions s ON s.id = c.session_id FOR KEY SHARE OF s),
    asking AS (SELECT l.* FROM live l WHERE l.is_recent AND NOT l.is_unchanged AND NOT ${isReserved}::boolean),
    ${mailAllowance(budget, { cause: sql`asking` })},
    taken AS (
      SELECT u.id AS user_id, u.email, u.locale FROM users u
      WHERE lower(u.email) = ${newEmail} AND u.id <> ${caller.userId}::uuid
      UNION ALL
      SELECT h.owner_id, h.target_email, u.locale
      FROM (SELECT t.owner_id, t.target_email ${fromHeldEmail(newEmail, caller.userId)} LIMIT 1) h
      LEFT JOIN users u ON u.id = h.owner_id
      LIMIT 1
    ),
    issued AS (${issueToken(sql`(SELECT a.user_id FROM asking a, allowed l)`, token, {
      owner: sql`s.user_id`,
      email: sql`${newEmail}`,
      target: sql`${newEmail}`,
    })}),
    requested AS (SELECT a.user_id, a.session_id, a.locale FROM asking a JOIN issued i ON i.owner_id = a.user_id)
    ${effectCtes(onRequested, 'requested', metadata)},
    sent AS (${queueMail(
      sql`(SELECT r.* FROM requested r WHERE NOT EXISTS (SELECT FROM taken))`,
      mail,
      metadata,
      {
        recipient: sql`${newEmail}::text`,
        locale: sql`s.locale`,
        userId: sql`s.user_id`,
      },
    )}),
    told AS (${queueNotice(sql`(SELECT t.* FROM taken t, requested r)`, 'email_taken', metadata, toUser)})
    SELECT l.is_recent, l.is_unchanged FROM live l`;
  const revokePrevious = sql`
    WITH asked AS (SELECT t.owner_id AS user_id ${fromLiveToken(token)}),
    revoked AS (${revokeTokens(sql`asked`, ['change_email'], token)})
    SELECT count(*)::int AS revoked FROM revoked`;
  const steps = { request, revokePrevious };
  const { request: rows } = await db.batch('request-email-change', steps, { isIdempotent: true });
  return (rows[0] as RequestedChangeRow | undefined) ?? null;
}

/** The account that a token belongs to. */
export interface TokenOwner {
  readonly user_id: string;
  /** The current address of the account. */
  readonly email: string;
  /** The address that the token would give to the account. */
  readonly target_email: string;
}

/**
 * Returns the account of an e-mail change link or a revert link. Round trips: 1. Null when the token cannot be
 * consumed or the account is banned or deleted.
 */
export async function findTokenOwner(
  db: Database,
  presented: PresentedOneTimeToken,
): Promise<TokenOwner | null> {
  const [row] = await db.query<TokenOwner>(
    'find-email-change-owner',
    sql`
      SELECT u.id AS user_id, u.email, p.target_email
      FROM (SELECT t.owner_id, t.target_email ${fromLiveToken(presented)}) p JOIN users u ON u.id = p.owner_id
      WHERE u.banned_at IS NULL`,
    { isIdempotent: true },
  );
  return row ?? null;
}

/** A presented token, with the owner that was read for it. */
interface Presentation {
  readonly presented: PresentedOneTimeToken;
  readonly owner: TokenOwner;
  /** UUID of this request, created before the first try, by which a retry recognises its own success. */
  readonly consumedBy: string;
}

interface Confirmation extends Presentation {
  readonly revertToken: NewOneTimeToken;
  readonly mail: PreparedMail;
}

/**
 * Changes the address, queues the mail to the former one and runs the effects: all or nothing. Round trips: 1. False
 * when the token was consumed, or the account changed, banned or deleted, since it was read, and when somebody else
 * has the address or can have it back.
 *
 * A batch, since the change needs a snapshot from after the lock: links issued for the former address while this
 * waited for the account are revoked, and a retry that waited for its own first run finds the result. Pending
 * registrations are deleted before the address is changed, since a verification of one of them locks both in that
 * order.
 */
export async function confirmChange(
  db: Database,
  { presented, owner, consumedBy, revertToken, mail }: Confirmation,
  metadata: RequestMetadata,
  { emailChanged, firstVerified }: Pick<Effects, 'emailChanged' | 'firstVerified'>,
): Promise<boolean> {
  const change = sql`
    WITH holder AS MATERIALIZED (
      SELECT u.id AS user_id, u.email, u.locale, u.email_verified_at IS NULL AS is_unverified FROM users u
      WHERE u.id = ${owner.user_id}::uuid AND u.email = ${owner.email} AND u.banned_at IS NULL
        AND NOT ${isTakenEmail(owner.target_email, owner.user_id)} AND NOT ${isHeldEmail(owner.target_email, owner.user_id)}
    ),
    consumed AS (${consumeToken(sql`holder`, presented, consumedBy)}),
    dropped AS (${dropPendingRegistrations(sql`(SELECT s.target_email AS email FROM consumed s)`)}),
    changed AS (${changeEmail(sql`(SELECT s.* FROM consumed s WHERE (SELECT count(*) FROM dropped) >= 0)`)}),
    revoked AS (${revokeTokens(sql`consumed`, ['change_email', 'reset_password', 'verify_email', 'unlock'], presented)}),
    moved AS (
      SELECT h.user_id, NULL::uuid AS session_id, h.email, h.locale, h.is_unverified
      FROM holder h JOIN changed c ON c.id = h.user_id
    )${effectCtes(emailChanged, 'moved', metadata)},
    proved AS (SELECT m.user_id, m.session_id FROM moved m WHERE m.is_unverified)
    ${effectCtes(firstVerified, 'proved', metadata)},
    issued AS (${issueToken(sql`moved`, revertToken, {
      owner: sql`s.user_id`,
      email: sql`s.email`,
      target: sql`s.email`,
    })}),
    sent AS (${queueMail(
      sql`(SELECT m.* FROM moved m JOIN issued i ON i.owner_id = m.user_id)`,
      mail,
      metadata,
      toUser,
    )})
    SELECT m.user_id FROM moved m UNION ALL SELECT b.user_id FROM (${consumedBefore(presented, consumedBy)}) b`;
  return unlessTaken(async () => {
    const steps = { holdUser: lockUserForUpdate(owner.user_id), change };
    const { change: done } = await db.batch('confirm-email-change', steps, { isIdempotent: true });
    return done.length > 0;
  });
}

/**
 * Restores an address and ends every other way into the account, with a notice to the address that it had until then,
 * if different: all or nothing. Round trips: 1. False when the token was consumed, or the account banned or deleted,
 * since it was read, and when somebody else has the address.
 *
 * A batch for the same reason as `confirmChange`, and because of a login that locked the account first: its session
 * must end as well (SES-07).
 */
export async function revertChange(
  db: Database,
  {
    presented,
    owner,
    consumedBy,
    resetToken,
    mail,
  }: Presentation & { readonly resetToken: NewOneTimeToken; readonly mail: PreparedMail },
  metadata: RequestMetadata,
  { emailReverted, endedByEmailRevert }: Pick<Effects, 'emailReverted' | 'endedByEmailRevert'>,
): Promise<boolean> {
  const restore = sql`
    WITH holder AS MATERIALIZED (
      SELECT u.id AS user_id, u.email, u.locale FROM users u
      WHERE u.id = ${owner.user_id}::uuid AND u.banned_at IS NULL
      FOR UPDATE
    ),
    consumed AS (${consumeToken(sql`holder`, presented, consumedBy)}),
    restored AS (${restoreEmail(sql`consumed`)}),
    reverted AS (
      SELECT s.user_id, NULL::uuid AS session_id, s.target_email AS email, h.email AS left_email, h.locale
      FROM consumed s JOIN restored r ON r.id = s.user_id JOIN holder h ON h.user_id = s.user_id
    )${effectCtes(emailReverted, 'reverted', metadata)},
    issued AS (${issueToken(sql`reverted`, resetToken, { owner: sql`s.user_id`, email: sql`s.email` })}),
    sent AS (${queueMail(
      sql`(SELECT r.* FROM reverted r JOIN issued i ON i.owner_id = r.user_id)`,
      mail,
      metadata,
      toUser,
    )}),
    told AS (${queueNotice(
      sql`(SELECT r.* FROM reverted r WHERE r.left_email <> r.email)`,
      'email_restored',
      metadata,
      { recipient: sql`s.left_email`, locale: sql`s.locale`, userId: sql`s.user_id` },
    )})
    SELECT count(*)::int AS restored FROM restored`;
  const kinds = ['change_email', 'reset_password', 'verify_email', 'unlock', 'not_me'] as const;
  const endAll = sql`
    WITH done AS (${consumedBefore(presented, consumedBy)}),
    ended AS (${endSessionsOf(sql`done`)})${effectCtes(endedByEmailRevert, 'ended', metadata)},
    revoked AS (${revokeTokens(sql`done`, kinds, resetToken)}),
    revoked_later AS (${revokeLaterTokens(presented, sql`done`)})
    SELECT d.user_id FROM done d`;
  return unlessTaken(async () => {
    const steps = { restore, endAll };
    const { endAll: done } = await db.batch('revert-email-change', steps, { isIdempotent: true });
    return done.length > 0;
  });
}

/** Whether the batch did what the link is for; false when somebody else has the address. */
async function unlessTaken(carryOut: () => Promise<boolean>): Promise<boolean> {
  try {
    return await carryOut();
  } catch (error) {
    // An UPDATE has no ON CONFLICT: somebody else has taken the address, and the whole batch is rolled back.
    if (error instanceof DatabaseError && isEmailTaken(error)) return false;
    throw error;
  }
}

function isEmailTaken({ code, constraint }: DatabaseError): boolean {
  return code === '23505' && constraint !== null && constraint.startsWith('users_email');
}
