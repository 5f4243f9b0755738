import type { Address } from '../../../address/address-key.ts';
import type { PresentedEmail } from '../../../address/presented-email.ts';
import type { Database } from '../../../db/client.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import type { MailClient } from '../../../mail/mail-client.ts';
import type { PreparedMail } from '../../../mail/prepared-mail.ts';
import { fromMailQueuedNow, holdClient, holdRecipient, queueMail } from '../../../mail/queue-mail.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { issueToken, type NewOneTimeToken } from '../../one-time-tokens/index.ts';
import { fromPendingRegistrationsOf, newestFirst } from '../../pending-registrations/index.ts';
import { fromAddress } from '../../users/index.ts';

/** A link and its mail. */
export interface Link {
  readonly token: NewOneTimeToken;
  readonly mail: PreparedMail;
}

/** Whom a new verification link is asked for. */
export interface AskedAddress {
  readonly email: PresentedEmail;
  readonly address: Address;
  readonly isReserved: boolean;
  /** Else no pending registration can become an account, and none gets a link. */
  readonly isRegistrationOpen: boolean;
}

/**
 * Queues a new verification link: for the account with the address while that is unverified, or for the newest pending
 * registration when no account has the address and registration is open. In all other cases, and over the budget of the
 * address, the same rows are written: a mail that is dropped and a token that opens nothing (ENU-05); over the
 * client's, none. The mail goes to the stored address, never to what was typed (EML-03). The account is held, so that a
 * deletion leaves nothing of this behind (PRV-03). A repeat sends nothing twice. Round trips: 1.
 */
export async function queueVerification(
  db: Database,
  asked: AskedAddress,
  { account, registration }: { readonly account: Link; readonly registration: Link },
  client: MailClient,
  metadata: RequestMetadata,
): Promise<void> {
  const { email, address, isReserved, isRegistrationOpen } = asked;
  const counted = sql`${address.keys[0]}::text AS recipient_key, false AS is_verified`;
  const newest = sql`
    ${fromPendingRegistrationsOf(email.address)} AND ${isRegistrationOpen && !isReserved}::boolean
      AND NOT EXISTS (SELECT ${fromAddress(email, address)}) ${newestFirst}`;
  const ofRegistration = sql`SELECT NULL::uuid AS user_id, r.email AS recipient, ${counted}, r.locale ${newest}`;
  const ofAccount = sql`
    SELECT a.user_id, a.recipient, ${counted}, a.locale
    FROM (VALUES (NOT ${isReserved}::boolean)) AS one (is_possible) LEFT JOIN (
      SELECT u.id AS user_id, u.email::text AS recipient, u.locale, u.email_verified_at, u.banned_at
      ${fromAddress(email, address)}
    ) a ON one.is_possible AND a.email_verified_at IS NULL AND a.banned_at IS NULL
      AND a.recipient = ANY (${account.mail.recipients}::text[])
    WHERE NOT EXISTS (SELECT FROM mail_outbox m WHERE m.id = ${registration.mail.id}::uuid)`;
  const steps = {
    holdClient: holdClient(client),
    holdAccount: sql`SELECT u.id ${fromAddress(email, address)} FOR KEY SHARE OF u`,
    holdRegistration: sql`SELECT r.id ${newest} FOR KEY SHARE OF r`,
    holdRecipient: holdRecipient(sql`SELECT ${counted}`),
    queueToRegistration: queueMail(ofRegistration, registration.mail, { client }, metadata),
    queueToAccount: queueMail(ofAccount, account.mail, { client }, metadata),
    issueToRegistration: issueFor(registration, sql`(SELECT r.id ${newest})`),
    issueToAccount: issueFor(account, sql`m.user_id`),
  };
  await db.batch('queue-verification', steps, { isIdempotent: true });
}

/** The token of the mail that was queued, or a decoy for one that was dropped; `owner` is an expression over the mail `m`. */
function issueFor({ token, mail }: Link, owner: Fragment): Fragment {
  const queued = fromMailQueuedNow(mail, { isDroppedToo: true });
  return issueToken(
    sql`(SELECT CASE WHEN m.outcome IS NULL THEN ${owner} END AS owner_id, nullif(m.recipient, '') AS email ${queued})`,
    token,
    {
      owner: sql`s.owner_id`,
      email: sql`s.email`,
    },
  );
}
