import type { Address } from '../../../address-key.ts';
import type { Database } from '../../../db/client.ts';
import { sql } from '../../../db/sql.ts';
import { mailAllowance, queueMail, toTokenOwner } from '../../../mail/fragments.ts';
import type { MailBudget } from '../../../mail/mail-budget.ts';
import type { PreparedMail } from '../../../mail/prepared-mail.ts';
import type { PresentedEmail } from '../../../presented-email.ts';
import type { RequestMetadata } from '../../../request-metadata.ts';
import { issueToken, type NewOneTimeToken } from '../../one-time-tokens/index.ts';
import { fromPendingRegistrationsOf, newestFirst } from '../../pending-registrations/index.ts';
import { fromAddress } from '../../users/index.ts';

/** A link and its mail. */
export interface Link {
  readonly token: NewOneTimeToken;
  readonly mail: PreparedMail;
}

/**
 * Queues a new verification link: for the account with the address while that is unverified, or for the newest
 * pending registration when no account has the address. In all other cases, and over a limit of mails, the same rows
 * are written: a token that opens nothing and a mail that is dropped (ENU-05). The mail goes to the stored address,
 * never to what was typed (EML-03). The account is locked, so that a deletion leaves nothing of this behind (PRV-03).
 * A retry after a lost response sends nothing twice. Round trips: 1.
 */
export async function queueVerification(
  db: Database,
  {
    email,
    address,
    isReserved,
  }: { readonly email: PresentedEmail; readonly address: Address; readonly isReserved: boolean },
  links: { readonly account: Link; readonly registration: Link },
  budget: MailBudget,
  metadata: RequestMetadata,
): Promise<void> {
  const { account, registration } = links;
  await db.query(
    'queue-verification',
    sql`
      WITH account AS MATERIALIZED (
        SELECT u.id AS user_id, u.email, u.locale, u.email_verified_at IS NULL AND u.banned_at IS NULL AS is_open
        ${fromAddress(email, address)} FOR KEY SHARE OF u
      ),
      registration AS (
        SELECT r.id AS registration_id, r.email, r.locale
        ${fromPendingRegistrationsOf(email.address)} AND NOT EXISTS (SELECT FROM account) ${newestFirst}
      ),
      looked AS (SELECT count(*) AS found FROM account),
      ${mailAllowance(budget, {
        cause: sql`looked`,
        isWanted: sql`(EXISTS (SELECT FROM account a WHERE a.is_open) OR EXISTS (SELECT FROM registration))`,
      })},
      judged AS (
        SELECT a.user_id, r.registration_id, coalesce(a.email, r.email) AS email, coalesce(a.locale, r.locale) AS locale
        FROM (VALUES (NOT ${isReserved}::boolean)) AS one (is_possible)
        LEFT JOIN allowed w ON one.is_possible
        LEFT JOIN account a ON w.bucket IS NOT NULL AND a.is_open
        LEFT JOIN registration r ON w.bucket IS NOT NULL
      ),
      issued AS (${issueToken(sql`(SELECT * FROM judged j WHERE j.registration_id IS NULL)`, account.token, {
        owner: sql`s.user_id`,
        email: sql`s.email`,
      })}),
      reissued AS (${issueToken(
        sql`(SELECT * FROM judged j WHERE j.registration_id IS NOT NULL)`,
        registration.token,
        { owner: sql`s.registration_id`, email: sql`s.email` },
      )}),
      queued AS (${queueMail(
        sql`(SELECT i.owner_id, i.email, j.locale FROM issued i, judged j)`,
        account.mail,
        metadata,
        toTokenOwner,
      )}),
      requeued AS (${queueMail(
        sql`(SELECT i.email, j.locale FROM reissued i, judged j)`,
        registration.mail,
        metadata,
        { recipient: sql`s.email`, locale: sql`s.locale`, userId: sql`NULL` },
      )})
      SELECT 1 AS queued`,
    { isIdempotent: true },
  );
}
