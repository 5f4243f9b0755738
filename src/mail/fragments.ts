import type { Effect } from '../db/effects.ts';
import type { ExportPart } from '../db/export-part.ts';
import { isoTime } from '../db/fragments.ts';
import { type Fragment, sql } from '../db/sql.ts';
import { reserveAttempt, secondsUntilOpen } from '../rate-limit/fragments.ts';
import type { RequestMetadata } from '../request-metadata.ts';
import { type MailBudget, mailLimits } from './mail-budget.ts';
import type { MailFacts, NoticeKind } from './mail-kind.ts';
import { mailTtlSecondsMax, type PreparedMail } from './prepared-mail.ts';

/** The columns of a queued mail, as expressions over the alias `s` of its source. */
export interface MailColumns {
  /** The stored address, one of those that the mail was sealed for; null drops the mail at the same cost. */
  readonly recipient: Fragment;
  /** The user's own language; if null, that of the request. */
  readonly locale: Fragment;
  readonly userId: Fragment;
  /** When the link expires, if sooner than a new one would; null or omitted otherwise. */
  readonly linkExpiresAt?: Fragment;
}

/** To the address of a user, for a source with `email`, `locale` and `user_id`. */
export const toUser: MailColumns = { recipient: sql`s.email`, locale: sql`s.locale`, userId: sql`s.user_id` };

/** To the address that a token was issued to, for a source with `locale` and the columns of `issueToken`. */
export const toTokenOwner: MailColumns = { ...toUser, userId: sql`s.owner_id` };

/** Body of a CTE that queues a mail with a link for the row of the CTE `source`, if there is one. */
export function queueMail(
  source: Fragment,
  mail: PreparedMail,
  metadata: RequestMetadata,
  { recipient, locale, userId, linkExpiresAt = sql`NULL` }: MailColumns,
): Fragment {
  return sql`
    INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, operation_id, sealed, expires_at, finished_at, outcome)
    SELECT ${mail.id}::uuid, ${mail.kind}, coalesce(${recipient}, ''), coalesce(${locale}, ${metadata.locale}::text), ${userId}::uuid,
      ${metadata.requestId}::uuid, ${metadata.operationId}::uuid,
      CASE WHEN ${recipient} IS NOT NULL
        THEN (${mail.sealed}::text[])[array_position(${mail.recipients}::text[], ${recipient}::text)] END,
      least(now() + make_interval(secs => ${mail.ttlSeconds}::int), ${linkExpiresAt}::timestamptz),
      CASE WHEN ${recipient} IS NULL THEN now() END, CASE WHEN ${recipient} IS NULL THEN 'dropped' END
    FROM ${source} s
    ON CONFLICT (id) DO NOTHING
    RETURNING id`;
}

/** Body of a CTE that queues a notice for each row of the CTE `source`. */
export function queueNotice(
  source: Fragment,
  kind: NoticeKind,
  metadata: RequestMetadata,
  { recipient, locale, userId }: MailColumns,
): Fragment {
  const facts: MailFacts = { userAgent: metadata.userAgent, location: metadata.location };
  return sql`
    INSERT INTO mail_outbox (id, kind, recipient, locale, user_id, request_id, operation_id, facts, expires_at)
    SELECT gen_random_uuid(), ${kind}, ${recipient}, coalesce(${locale}, ${metadata.locale}::text), ${userId}::uuid,
      ${metadata.requestId}::uuid, ${metadata.operationId}::uuid, ${JSON.stringify(facts)}::jsonb, now() + make_interval(secs => ${mailTtlSecondsMax}::int)
    FROM ${source} s
    RETURNING id`;
}

/**
 * An effect that queues a notice to the owner of the account, at the address that the account had when the statement
 * began, so that a deletion can still be reported.
 */
export function notifyOwner(kind: NoticeKind): Effect {
  return (source, metadata) =>
    queueNotice(
      sql`(SELECT u.id AS user_id, u.email, u.locale FROM ${source} e JOIN users u ON u.id = e.user_id)`,
      kind,
      metadata,
      kind === 'account_deleted' ? { ...toUser, userId: sql`NULL` } : toUser,
    );
}

/**
 * CTEs, the first of them named `mail_client`, that count a mail. A row in `admitted` means that the client is within
 * its own limit, and a row in `allowed`, the last one, that the mail may be sent. A client over its limit uses
 * nothing of the address's limit. If `cause` is given, a CTE of at most one row, the mail is counted only if that has
 * a row, and its locks come first. If `isWanted`, an expression, is not true, the mail is counted in a decoy bucket:
 * a stranger who requests mails that are never sent must not use up those of somebody who registers next.
 */
export function mailAllowance(
  { addressBucket, decoyBucket, clientBucket, idempotencyKey }: MailBudget,
  {
    cause = null,
    isWanted = sql`true`,
  }: { readonly cause?: Fragment | null; readonly isWanted?: Fragment } = {},
): Fragment {
  const { perAddress, perClient, windowSeconds } = mailLimits;
  const limits = (max: number) => ({ max, windowSeconds });
  return sql`
    mail_client AS (${reserveAttempt(
      sql`(SELECT ${clientBucket}::text AS bucket ${cause === null ? sql`` : sql`FROM ${cause}`})`,
      idempotencyKey,
      limits(perClient),
    )}),
    admitted AS (SELECT c.bucket FROM mail_client c WHERE c.number <= ${perClient}::int),
    mail_address AS (${reserveAttempt(
      sql`(SELECT CASE WHEN ${isWanted} THEN ${addressBucket}::text ELSE ${decoyBucket}::text END AS bucket FROM admitted)`,
      idempotencyKey,
      limits(perAddress),
    )}),
    allowed AS (SELECT a.bucket FROM mail_address a WHERE a.number <= ${perAddress}::int)`;
}

/**
 * The SELECT of a statement with `mailAllowance` that depends only on the client's own count: no row if it was
 * admitted, else one with `retryAfterSeconds`.
 */
export function clientRefusal({ clientBucket }: MailBudget): Fragment {
  const { perClient: max, windowSeconds } = mailLimits;
  return sql`
    SELECT ${secondsUntilOpen(sql`c`, { max, windowSeconds })} AS "retryAfterSeconds"
    FROM (SELECT ${clientBucket}::text AS bucket) c WHERE NOT EXISTS (SELECT FROM admitted)`;
}

/**
 * The user's mails in the outbox, without their content. A mail to the new address of an e-mail change is left out:
 * its existence would reveal whether somebody has that address (ENU-04), and `links` contains the address.
 */
export const exportedMails: ExportPart = {
  name: 'mails',
  value: (owner) => sql`coalesce((
    SELECT json_agg(json_build_object('kind', m.kind, 'recipient', m.recipient, 'locale', m.locale,
        'createdAt', ${isoTime(sql`m.created_at`)}, 'finishedAt', ${isoTime(sql`m.finished_at`)}, 'outcome', m.outcome)
      ORDER BY m.created_at DESC, m.id)
    FROM mail_outbox m WHERE m.user_id = ${owner}.user_id AND m.kind <> 'confirm_email_change'), '[]')`,
};
