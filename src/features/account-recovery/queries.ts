import type { Database } from '../../db/client.ts';
import type { Effect, Effects, RequestOrigin } from '../../db/effects.ts';
import { effectCtes } from '../../db/fragments.ts';
import { sql } from '../../db/sql.ts';
import { queueMail, toTokenOwner } from '../../mail/fragments.ts';
import type { PreparedMail } from '../../mail/prepared-mail.ts';
import { deleteAttempts, deleteForeignBuckets } from '../../rate-limit/fragments.ts';
import {
  fromLiveToken,
  issueToken,
  type NewOneTimeToken,
  type PresentedOneTimeToken,
  spendToken,
  spentBefore,
  voidTokens,
} from '../one-time-tokens/index.ts';
import { endSessionsOf } from '../sessions/index.ts';
import { withdrawPassword } from '../users/index.ts';

/** Whose lock was lifted. */
export interface UnlockedAccount {
  readonly user_id: string;
  readonly device_generation: number;
}

/**
 * Spends the link and deletes the attempts at the account, of all devices, with those in the bucket that was locked. Round
 * trips: 1. Null when the link is spent or over, or the account banned, gone, or of another address by now. A repeat
 * after a lost answer finds what the first run did; where the two ran at once it can be null as well, and the next call
 * finds it.
 */
export async function liftLock(
  db: Database,
  presented: PresentedOneTimeToken,
  spender: string,
  origin: RequestOrigin,
  onUnlocked: readonly Effect[],
): Promise<UnlockedAccount | null> {
  const [row] = await db.query<UnlockedAccount>(
    sql`
      WITH holder AS MATERIALIZED (
        SELECT u.id AS user_id, u.device_generation FROM users u
        JOIN (SELECT t.owner_id, t.email ${fromLiveToken(presented)}) l ON l.owner_id = u.id AND l.email = u.email
        WHERE u.banned_at IS NULL
        FOR NO KEY UPDATE OF u
      ),
      spent AS (${spendToken(sql`holder`, presented, spender)}),
      unlocked AS (
        SELECT s.user_id, NULL::uuid AS session_id, s.bucket FROM spent s
      )${effectCtes(onUnlocked, 'unlocked', origin)},
      forgotten AS (${deleteAttempts(sql`unlocked`)}),
      forgotten_bucket AS (${deleteForeignBuckets(sql`unlocked`)})
      SELECT h.user_id, h.device_generation FROM holder h JOIN spent s ON s.user_id = h.user_id
      UNION ALL
      SELECT u.id, u.device_generation FROM (${spentBefore(presented, spender)}) b JOIN users u ON u.id = b.user_id`,
    { isRepeatable: true },
  );
  return row ?? null;
}

/** Whose link it is. */
export interface Holder {
  readonly user_id: string;
  /** The address that the account has now. */
  readonly email: string;
}

/** The account of a link that can still be used. Spends nothing. Round trips: 1. Null for a banned one as well. */
export async function findHolder(db: Database, presented: PresentedOneTimeToken): Promise<Holder | null> {
  const [holder] = await db.query<Holder>(
    sql`
      SELECT u.id AS user_id, u.email FROM (SELECT t.owner_id ${fromLiveToken(presented)}) t
      JOIN users u ON u.id = t.owner_id WHERE u.banned_at IS NULL`,
    { isRepeatable: true },
  );
  return holder ?? null;
}

/** What "this was not me" takes. */
export interface Disowning {
  readonly presented: PresentedOneTimeToken;
  /** UUID of the request. */
  readonly spender: string;
  readonly holder: Holder;
  readonly resetToken: NewOneTimeToken;
  /** Prepared for the holder's address. */
  readonly resetMail: PreparedMail;
}

/**
 * Spends the link, takes the password away, ends every session, makes the links void by which the intruder could come
 * back, and queues the mail for a new password: all or nothing. Round trips: 1. False when the link was spent, or the
 * account banned, deleted or given another address, since it was read. A repeat after a lost answer finds what the first
 * run did, and writes no second mail; where the two ran at once it can be false as well, and the next call finds it.
 *
 * A batch, since the second statement needs a newer snapshot: a login that held the account's row first has opened its
 * session by then, and one that comes later finds no hash (SECURITY SES-07).
 */
export async function withdrawAccess(
  db: Database,
  { presented, spender, holder, resetToken, resetMail }: Disowning,
  origin: RequestOrigin,
  effects: Pick<Effects, 'signInDisowned' | 'endedByDisowning' | 'passwordResetRequested'>,
): Promise<boolean> {
  const withdraw = sql`
    WITH holder AS MATERIALIZED (
      SELECT u.id AS user_id FROM users u
      WHERE u.id = ${holder.user_id}::uuid AND u.email = ${holder.email} AND u.banned_at IS NULL
      FOR NO KEY UPDATE
    ),
    spent AS (${spendToken(sql`holder`, presented, spender)}),
    withdrawn AS (${withdrawPassword(sql`spent`)}),
    disowned AS (
      SELECT w.user_id, NULL::uuid AS session_id FROM withdrawn w
    )${effectCtes([...effects.signInDisowned, ...effects.passwordResetRequested], 'disowned', origin)},
    issued AS (${issueToken(sql`withdrawn`, resetToken, { owner: sql`s.user_id`, email: sql`s.email` })}),
    mailed AS (${queueMail(sql`(SELECT i.*, w.locale FROM issued i, withdrawn w)`, resetMail, origin, toTokenOwner)})
    SELECT w.user_id FROM withdrawn w UNION ALL SELECT b.user_id FROM (${spentBefore(presented, spender)}) b`;
  const endAll = sql`
    WITH owner AS (${spentBefore(presented, spender)}),
    ended AS (${endSessionsOf(sql`owner`)})${effectCtes(effects.endedByDisowning, 'ended', origin)},
    voided AS (${voidTokens(sql`owner`, ['unlock', 'change_email'], null)})
    SELECT count(*)::int AS ended FROM ended`;
  const [rows] = await db.batch([withdraw, endAll], { isRepeatable: true });
  return rows?.[0] !== undefined;
}
