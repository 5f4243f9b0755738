import type { Database } from '../../../db/client.ts';
import type { Effects } from '../../../db/effects.ts';
import { effectCtes } from '../../../db/fragments.ts';
import { sql } from '../../../db/sql.ts';
import { queueMail, toTokenOwner } from '../../../mail/fragments.ts';
import type { PreparedMail } from '../../../mail/prepared-mail.ts';
import type { RequestMetadata } from '../../../request-metadata.ts';
import {
  consumedBefore,
  consumeToken,
  fromLiveToken,
  issueToken,
  type NewOneTimeToken,
  type PresentedOneTimeToken,
  revokeTokens,
} from '../../one-time-tokens/index.ts';
import { endSessionsOf } from '../../sessions/index.ts';
import { clearPassword } from '../../users/index.ts';

/** The account that the link belongs to. */
export interface Holder {
  readonly user_id: string;
  /** The current address of the account. */
  readonly email: string;
}

/**
 * Returns the account of a link that can still be used, without consuming it. Round trips: 1. Null for a banned
 * account as well.
 */
export async function findHolder(db: Database, presented: PresentedOneTimeToken): Promise<Holder | null> {
  const [holder] = await db.query<Holder>(
    'find-link-holder',
    sql`
      SELECT u.id AS user_id, u.email FROM (SELECT t.owner_id ${fromLiveToken(presented)}) t
      JOIN users u ON u.id = t.owner_id WHERE u.banned_at IS NULL`,
    { isIdempotent: true },
  );
  return holder ?? null;
}

/** The input of `revokeAccess`. */
export interface NotMeReport {
  readonly presented: PresentedOneTimeToken;
  /** UUID of this use of the link. */
  readonly consumedBy: string;
  readonly holder: Holder;
  readonly resetToken: NewOneTimeToken;
  /** Addressed to the holder. */
  readonly resetMail: PreparedMail;
}

/**
 * Consumes the link, clears the password, ends every session, revokes the links by which the intruder could come
 * back, and queues the mail with a reset link: all or nothing. Round trips: 1. False when the link was consumed, or
 * the account banned, deleted or moved to another address, since it was read. A retry after a lost response finds
 * what the first run did, and writes no second mail; where the two ran at the same time it can be false as well, and
 * the next call finds it.
 *
 * A batch, since the second statement needs a newer snapshot: a login that locked the account's row first has opened
 * its session by then, and a later one finds no hash (SES-07).
 */
export async function revokeAccess(
  db: Database,
  { presented, consumedBy, holder, resetToken, resetMail }: NotMeReport,
  metadata: RequestMetadata,
  effects: Pick<Effects, 'notMeReported' | 'endedByNotMe' | 'passwordResetRequested'>,
): Promise<boolean> {
  const revoke = sql`
    WITH holder AS MATERIALIZED (
      SELECT u.id AS user_id FROM users u
      WHERE u.id = ${holder.user_id}::uuid AND u.email = ${holder.email} AND u.banned_at IS NULL
      FOR NO KEY UPDATE
    ),
    consumed AS (${consumeToken(sql`holder`, presented, consumedBy)}),
    cleared AS (${clearPassword(sql`consumed`)}),
    reported AS (
      SELECT w.user_id, NULL::uuid AS session_id FROM cleared w
    )${effectCtes([...effects.notMeReported, ...effects.passwordResetRequested], 'reported', metadata)},
    issued AS (${issueToken(sql`cleared`, resetToken, { owner: sql`s.user_id`, email: sql`s.email` })}),
    mailed AS (${queueMail(sql`(SELECT i.*, w.locale FROM issued i, cleared w)`, resetMail, metadata, toTokenOwner)})
    SELECT w.user_id FROM cleared w UNION ALL SELECT b.user_id FROM (${consumedBefore(presented, consumedBy)}) b`;
  const endAll = sql`
    WITH owner AS (${consumedBefore(presented, consumedBy)}),
    ended AS (${endSessionsOf(sql`owner`)})${effectCtes(effects.endedByNotMe, 'ended', metadata)},
    revoked AS (${revokeTokens(sql`owner`, ['unlock', 'change_email'], null)})
    SELECT count(*)::int AS ended FROM ended`;
  const { revoke: rows } = await db.batch('report-not-me', { revoke, endAll }, { isIdempotent: true });
  return rows.length > 0;
}
