import type { Database } from '../../../db/client.ts';
import { sql } from '../../../db/sql.ts';
import {
  type Credentials,
  closeWaysIn,
  occasionOfReset,
  type RecoveryCause,
} from '../../../joints/closing.ts';
import type { MailClient } from '../../../mail/mail-client.ts';
import { fromMailQueuedNow, holdClient, holdRecipient, queueMail } from '../../../mail/queue-mail.sql.ts';
import { deleteAttempts, deleteSubject } from '../../../rate-limit/attempts.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import {
  consumedByUs,
  consumedNow,
  consumeToken,
  fromLiveToken,
  holderOf,
  holdHolder,
  issueToken,
  type LinkMail,
  mailNotMeLink,
  type NewOneTimeToken,
  noteReach,
  type PresentedOneTimeToken,
  type TokenColumns,
} from '../../one-time-tokens/index.ts';
import { dropPendingRegistrations } from '../../pending-registrations/index.ts';
import { endedNow, recordEvents } from '../../security-events/index.ts';
import { isRecoveredSince, isRecoverySince, recoveryColumns, setProvedPassword } from '../../users/index.ts';
import {
  type AskedAddress,
  holdAccount,
  holdWayBack,
  resetRecipient,
  wayBackTo,
} from './reset-recipient.sql.ts';

/** The two links of which a request for a new password sends at most one. */
export interface ResetLinks {
  readonly reset: LinkMail;
  /** For an account that has left the address. */
  readonly wayBack: LinkMail;
}

/**
 * Issues a reset link to the account of the address and queues its mail. If no account has the address but one can have
 * it back, its oldest revert link is renewed instead, with the same end and the same place among the others, so that it
 * gives no further rights and does not hold the address any longer. If nobody has the address, the account is banned, or
 * it is over its limit of mails, the same rows are written: a token without an owner, a mail that is dropped and the
 * record of nobody (ENU-05). Over the client's limit nothing is written. Earlier links stay valid. Round trips: 1. A
 * repeat after a lost response writes nothing more.
 *
 * The account is held, so that a deletion leaves no link and no mail of this behind (PRV-03).
 */
export async function issueResetToken(
  db: Database,
  asked: AskedAddress,
  { reset, wayBack }: ResetLinks,
  client: MailClient,
  metadata: RequestMetadata,
): Promise<void> {
  const queued = { isDroppedToo: true };
  const resetOwner = resetRecipient(asked, reset.mail, wayBack.mail);
  const wayBackOwner = wayBackTo(asked, wayBack.mail);
  const steps = {
    holdClient: holdClient(client),
    holdAccount: holdAccount(asked),
    holdWayBack: holdWayBack(asked, wayBack.mail),
    holdRecipient: holdRecipient(sql`SELECT ${asked.address.keys[0]}::text AS recipient_key`),
    queueWayBack: queueMail(wayBackOwner, wayBack.mail, { client }, metadata, {
      linkExpiresAt: sql`s.expires_at`,
    }),
    queueReset: queueMail(resetOwner, reset.mail, { client }, metadata),
    renewWayBack: issueToken(
      sql`(
        SELECT w.* FROM (SELECT m.outcome ${fromMailQueuedNow(wayBack.mail, queued)}) q
        LEFT JOIN (${wayBackOwner}) w ON q.outcome IS NULL)`,
      wayBack.token,
      renewedColumns(wayBack.token),
    ),
    issueReset: issueToken(
      sql`(SELECT m.user_id, nullif(m.recipient, '') AS email ${fromMailQueuedNow(reset.mail, queued)})`,
      reset.token,
      { owner: sql`s.user_id`, email: sql`s.email` },
    ),
    record: recordEvents(
      sql`(
        SELECT m.user_id, NULL::uuid AS session_id ${fromMailQueuedNow(reset.mail, queued)}
        UNION ALL SELECT NULL, NULL ${fromMailQueuedNow(wayBack.mail, queued)})`,
      { type: 'authn_token_created', outcome: 'success', reason: 'password_reset' },
      metadata,
    ),
  };
  await db.batch('issue-reset-link', steps, { isIdempotent: true });
}

/** The columns of the link that is renewed; where the mail is dropped, those of a link that opens nothing. */
function renewedColumns({ ttlSeconds }: NewOneTimeToken): TokenColumns {
  return {
    ...{
      owner: sql`s.user_id`,
      email: sql`s.recipient`,
      target: sql`s.recipient`,
      targetKey: sql`s.target_key`,
    },
    wayBack: sql`s.way_back`,
    createdAt: sql`coalesce(s.created_at, now())`,
    expiresAt: sql`coalesce(s.expires_at, now() + make_interval(secs => ${ttlSeconds}::int))`,
  };
}

/** The account whose password a link resets. */
export interface ResetAccount {
  readonly user_id: string;
  readonly email: string;
  /** What began the recovery of the account, and when, as text of full precision; null without one. */
  readonly recovery_cause: RecoveryCause | null;
  readonly recovery_since: string | null;
}

/**
 * Returns the account of a link that can still be used, without consuming it: not banned, still with the address that the
 * link was sent to, and not recovered since the link was issued. Round trips: 1.
 */
export async function findResetAccount(
  db: Database,
  presented: PresentedOneTimeToken,
): Promise<ResetAccount | null> {
  const statement = sql<ResetAccount>`
    SELECT u.id AS user_id, u.email, ${recoveryColumns(sql`u`)}
    FROM (SELECT t.owner_id, t.email, t.created_at ${fromLiveToken(presented)}) t
    JOIN users u ON u.id = t.owner_id AND u.email = t.email
    WHERE u.banned_at IS NULL AND NOT ${isRecoveredSince(sql`u`, sql`t.created_at`)}`;
  const [account] = await db.query('find-reset-account', statement, { isIdempotent: true });
  return account ?? null;
}

/** A new password, and the reset link that sets it. */
export interface PasswordReset {
  readonly presented: PresentedOneTimeToken;
  /** As it was read. */
  readonly account: ResetAccount;
  /** UUID of this use of the link. */
  readonly consumedBy: string;
  readonly newHash: string;
  /** The subject of attempts at the address, for an account that another spelling reaches. */
  readonly subject: string;
  /** That the password was changed. */
  readonly notice: LinkMail;
}

/**
 * Consumes the link, sets the password, verifies the address, ends every session, revokes all other links that lead
 * into the account, and unlocks it: all or nothing (RST-06). Revert links and not-me links stay. A recovery is over; where
 * the owner began it, what an intruder may have left ends with it (LNK-15). Round trips: 1. Null when the link was
 * consumed, or the account banned, deleted, moved to another address, or its recovery another one, since it was read. A
 * repeat after a lost response finds what the first run did.
 *
 * The account is held first: a login or a request for another address that came before has committed by then and ends
 * here, and a later login finds another hash (SES-07). What a first verification of the address ends, a reset ends in
 * any case.
 */
export async function applyReset(
  db: Database,
  { presented, account, consumedBy, newHash, subject, notice }: PasswordReset,
  credentials: readonly Credentials[],
  metadata: RequestMetadata,
): Promise<{ readonly device_generation: number } | null> {
  const once = consumedNow(presented, consumedBy);
  const owner = consumedByUs(presented, consumedBy);
  const { recovery_cause: cause, recovery_since: since } = account;
  const occasion = occasionOfReset(cause);
  const holder = sql`(
    SELECT h.user_id FROM (${holderOf(presented)}) h JOIN users u ON u.id = h.user_id WHERE ${isRecoverySince(sql`u`, since)})`;
  const steps = {
    holdUser: holdHolder(presented),
    consume: sql`
      WITH consumed AS (${consumeToken(holder, presented, consumedBy)})
      ${dropPendingRegistrations(sql`consumed`)}`,
    noteReach: noteReach(presented, consumedBy),
    setPassword: setProvedPassword(once, newHash),
    ...closeWaysIn(credentials, {
      ...{ occasion, owner, ownerOnce: once, actingSessionId: null, email: account.email, metadata },
      since: occasion === 'recovery_completed' ? sql`${since}::timestamptz` : null,
      // A repeat finds the one that it has issued.
      ownLinks: [notice.token.hash],
    }),
    forgetAttempts: sql`
      WITH of_address AS (${deleteSubject(subject, sql`${once} c`)})
      ${deleteAttempts(once)}`,
    record: sql`
      WITH changed AS (${recordEvents(
        sql`(SELECT c.user_id, NULL::uuid AS session_id FROM ${once} c)`,
        { type: 'authn_password_change', outcome: 'success', reason: 'reset' },
        metadata,
      )})
      ${recordEvents(
        sql`(
          SELECT c.user_id, NULL::uuid AS session_id FROM ${once} c JOIN users u ON u.id = c.user_id
          WHERE u.email_verified_at = c.consumed_at)`,
        { type: 'user_updated', outcome: 'success', reason: 'email_verified' },
        metadata,
      )}`,
    tellOwner: mailNotMeLink(once, notice, 'none', metadata, {
      ended: endedNow(metadata),
      disownedSince: sql`(SELECT c.disowned_since FROM ${once} c)`,
    }),
    answer: sql`SELECT u.device_generation FROM ${owner} c JOIN users u ON u.id = c.user_id`,
  };
  const results = await db.batch('apply-reset', steps, { isIdempotent: true });
  const [row] = results.answer as { readonly device_generation: number }[];
  return row ?? null;
}
