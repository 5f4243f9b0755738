import type { Address } from '../../../address-key.ts';
import type { Database } from '../../../db/client.ts';
import type { Effects } from '../../../db/effects.ts';
import { effectCtes } from '../../../db/fragments.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import { mailAllowance, queueMail, toTokenOwner } from '../../../mail/fragments.ts';
import type { MailBudget } from '../../../mail/mail-budget.ts';
import type { PresentedEmail } from '../../../presented-email.ts';
import { deleteAttempts, deleteSubject } from '../../../rate-limit/fragments.ts';
import type { RequestMetadata } from '../../../request-metadata.ts';
import {
  consumedBefore,
  consumeToken,
  fromHeldEmail,
  fromLiveToken,
  issueToken,
  type PresentedOneTimeToken,
  revokeTokens,
} from '../../one-time-tokens/index.ts';
import { dropPendingRegistrations } from '../../pending-registrations/index.ts';
import { endSessionsOf } from '../../sessions/index.ts';
import { fromAddress, setProvedPassword } from '../../users/index.ts';
import type { LinkMail } from '../fragments.ts';

/** The two links of which a request for a new password sends at most one. */
export interface ResetLinks {
  readonly reset: LinkMail;
  /** For an account that has left the address. */
  readonly revertLink: LinkMail;
  readonly budget: MailBudget;
}

/**
 * Issues a reset link to the account of the address and queues its mail, in one statement. If no account has the
 * address but one can have it back, its oldest revert link is renewed instead, with the same end and the same place
 * among the others, so that it gives no further rights and does not hold the address any longer. If nobody has the
 * address, the account is banned, or it is over its limit of mails, the same rows are written: a token without an
 * owner and a mail that is dropped (ENU-05). Earlier links stay valid. Round trips: 1. A retry after a lost response
 * queues no second mail.
 *
 * The account is locked, so that a deletion leaves no link and no mail of this behind (PRV-03), and after it the
 * revert link: it may be used while the statement waits, and must not be renewed afterwards.
 */
export async function issueResetToken(
  db: Database,
  { email, address }: { readonly email: PresentedEmail; readonly address: Address },
  { reset, revertLink, budget }: ResetLinks,
  metadata: RequestMetadata,
  { passwordResetRequested }: Pick<Effects, 'passwordResetRequested'>,
): Promise<void> {
  await db.query(
    'issue-reset-link',
    sql`
      WITH account AS MATERIALIZED (
        SELECT u.id AS user_id, u.email, u.locale, u.banned_at ${fromAddress(email, address)} FOR KEY SHARE OF u
      ),
      moved AS MATERIALIZED (
        SELECT u.id AS user_id, t.target_email AS email, u.locale, t.created_at, t.expires_at
        FROM users u JOIN (SELECT t.* ${fromHeldEmail(sql`ANY (${revertLink.mail.recipients}::text[])`, null)}) t ON t.owner_id = u.id
        WHERE u.banned_at IS NULL AND NOT EXISTS (SELECT FROM account)
        ORDER BY t.created_at LIMIT 1
        FOR KEY SHARE OF u FOR SHARE OF t
      ),
      found AS (
        SELECT a.user_id, a.email, a.locale, NULL::timestamptz AS created_at, NULL::timestamptz AS expires_at
        FROM account a WHERE a.banned_at IS NULL AND a.email = ANY (${reset.mail.recipients}::text[])
        UNION ALL SELECT m.* FROM moved m
      ),
      looked AS (SELECT count(*) AS found FROM found),
      ${mailAllowance(budget, { cause: sql`looked`, isWanted: sql`EXISTS (SELECT FROM found)` })},
      asked AS (SELECT f.* FROM (VALUES (1)) AS one LEFT JOIN found f ON EXISTS (SELECT FROM allowed)),
      issued AS (${issueToken(sql`(SELECT a.* FROM asked a WHERE a.created_at IS NULL)`, reset.token, {
        owner: sql`s.user_id`,
        email: sql`s.email`,
      })}),
      mailed AS (${queueMail(sql`(SELECT i.*, a.locale FROM issued i, asked a)`, reset.mail, metadata, toTokenOwner)})
      ${renewedRevertLinkCtes(revertLink, metadata)},
      requested AS (
        SELECT i.owner_id AS user_id, NULL::uuid AS session_id FROM issued i WHERE i.owner_id IS NOT NULL
      )${effectCtes(passwordResetRequested, 'requested', metadata)}
      SELECT count(*)::int AS issued FROM issued`,
    { isIdempotent: true },
  );
}

/** CTEs, each with a leading comma, that renew a revert link and mail it, if the CTE `asked` has one. */
function renewedRevertLinkCtes({ token, mail }: LinkMail, metadata: RequestMetadata): Fragment {
  const columns = {
    ...{ owner: sql`s.user_id`, email: sql`s.email`, target: sql`s.email` },
    ...{ createdAt: sql`s.created_at`, expiresAt: sql`s.expires_at` },
  };
  const renewed = sql`(SELECT r.*, a.locale, a.expires_at FROM renewed r, asked a)`;
  return sql`,
    renewed AS (${issueToken(sql`(SELECT a.* FROM asked a WHERE a.created_at IS NOT NULL)`, token, columns)}),
    renewed_mail AS (${queueMail(renewed, mail, metadata, { ...toTokenOwner, linkExpiresAt: sql`s.expires_at` })})`;
}

/** The account whose password a link resets. */
export interface ResetAccount {
  readonly user_id: string;
  readonly email: string;
}

/**
 * Returns the account of a link that can still be used, without consuming it: not banned, and still with the address
 * that the link was sent to. Round trips: 1.
 */
export async function findResetAccount(
  db: Database,
  presented: PresentedOneTimeToken,
): Promise<ResetAccount | null> {
  const [account] = await db.query<ResetAccount>(
    'find-reset-account',
    sql`
      SELECT u.id AS user_id, u.email FROM (SELECT t.owner_id, t.email ${fromLiveToken(presented)}) t
      JOIN users u ON u.id = t.owner_id AND u.email = t.email WHERE u.banned_at IS NULL`,
    { isIdempotent: true },
  );
  return account ?? null;
}

/** A new password, and the reset link that sets it. */
export interface PasswordReset {
  readonly presented: PresentedOneTimeToken;
  /** UUID of this use of the link. */
  readonly consumedBy: string;
  readonly account: ResetAccount;
  readonly newHash: string;
  /** The subject of attempts at the address, for an account that another spelling reaches. */
  readonly subject: string;
}

/**
 * Consumes the link, sets the password, verifies the address, ends every session, revokes all other links that lead
 * into the account, and unlocks it: all or nothing (RST-06). Revert links and not-me links stay. Round trips: 1. Null
 * when the link was consumed, or the account banned, deleted or moved to another address, since it was read. A retry
 * after a lost response finds what the first run did; where the two ran at the same time it can be null as well, and
 * the next call finds it.
 *
 * A batch, since the second statement needs a newer snapshot: a login or a request for another address that locked
 * the account's row first has committed by then, and a later login finds another hash (SES-07).
 */
export async function applyReset(
  db: Database,
  { presented, consumedBy, account, newHash, subject }: PasswordReset,
  metadata: RequestMetadata,
  effects: Pick<Effects, 'passwordReset' | 'endedByPasswordReset' | 'firstVerified'>,
): Promise<{ readonly device_generation: number } | null> {
  const reset = sql`
    WITH holder AS MATERIALIZED (
      SELECT u.id AS user_id, u.email_verified_at IS NULL AS is_unverified FROM users u
      WHERE u.id = ${account.user_id}::uuid AND u.email = ${account.email} AND u.banned_at IS NULL
      FOR NO KEY UPDATE
    ),
    consumed AS (${consumeToken(sql`holder`, presented, consumedBy)}),
    changed AS (${setProvedPassword(sql`consumed`, newHash)}),
    reset AS (SELECT c.user_id, NULL::uuid AS session_id FROM changed c)${effectCtes(effects.passwordReset, 'reset', metadata)},
    verified AS (
      SELECT r.user_id, r.session_id FROM reset r JOIN holder h ON h.user_id = r.user_id WHERE h.is_unverified
    )${effectCtes(effects.firstVerified, 'verified', metadata)},
    dropped AS (${dropPendingRegistrations(sql`consumed`)})
    SELECT c.device_generation FROM changed c
    UNION ALL
    SELECT u.device_generation FROM (${consumedBefore(presented, consumedBy)}) b JOIN users u ON u.id = b.user_id`;
  const endAll = sql`
    WITH owner AS (${consumedBefore(presented, consumedBy)}),
    ended AS (${endSessionsOf(sql`owner`)})${effectCtes(effects.endedByPasswordReset, 'ended', metadata)},
    revoked AS (${revokeTokens(sql`owner`, ['reset_password', 'change_email', 'verify_email', 'unlock'], presented)}),
    forgotten AS (${deleteAttempts(sql`owner`)}),
    forgotten_address AS (${deleteSubject(subject, sql`owner`)})
    SELECT count(*)::int AS ended FROM ended`;
  const { reset: rows } = await db.batch('apply-reset', { reset, endAll }, { isIdempotent: true });
  return (rows[0] as { readonly device_generation: number } | undefined) ?? null;
}
