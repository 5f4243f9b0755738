import type { ExportPart } from '../db/export-part.ts';
import { type Fragment, sql } from '../db/sql.ts';
import { isoTime } from '../db/texts.sql.ts';
import type { RequestMetadata } from '../request/request-metadata.ts';
import type { MailClient } from './mail-client.ts';
import { linkPaths, type MailFacts, type NoticeKind, noticeLinks } from './mail-kind.ts';
import { mailLimits } from './mail-limits.ts';
import { mailTtlSecondsMax, type PreparedMail } from './prepared-mail.ts';

/*
 * The one way to queue a mail. A source is a sub-select with the columns of a recipient:
 *   user_id uuid, recipient text, recipient_key text, is_verified boolean, locale text.
 * It has one row at most, but for a notice and for a mail that is prepared for each of its recipients.
 * Where `recipient` is null, nobody is written to: the row is kept for what it costs and counts for the client alone.
 */

/** What may be sent: within the budgets of the recipient, and of the client where it is one of its requests. */
export type MailBudget =
  /** A request of this client causes it. Take `holdClient` first and `holdRecipient` before the mail. */
  | { readonly client: MailClient }
  /** A notice of what was done to an account: no client can use it up. */
  | 'recipient'
  /** Caused by a spent link: refused by no budget, and counts in none. */
  | 'none'
  /**
   * The way back of a confirmed change: refused by no budget, unless this condition over the recipient `s` holds. The
   * address that was left may never have been verified, and then somebody else may have it.
   */
  | { readonly countedIf: Fragment };

/** What the transaction has ended of a user: a jsonb array of `EndedThing`, or null, by the id of the user. */
type EndedList = (userId: Fragment) => Fragment;

function endedFacts(ended: EndedList): Fragment {
  return sql`coalesce((SELECT jsonb_build_object('ended', l.list) FROM (SELECT ${ended(sql`r.user_id`)} AS list) l
        WHERE l.list IS NOT NULL), '{}')`;
}

/**
 * A statement that makes other requests of the client's network wait until this transaction ends, so that their mails
 * are counted one after the other. It comes first in its batch.
 */
export function holdClient({ networkKey }: MailClient): Fragment {
  return sql`SELECT pg_advisory_xact_lock(hashtextextended(${networkKey}::text, 0))`;
}

/** A statement that makes others wait with their mails to the recipient of the source. It comes after all rows are held. */
export function holdRecipient(source: Fragment): Fragment {
  return sql`SELECT pg_advisory_xact_lock(hashtextextended(s.recipient_key, 0)) FROM (${source}) s`;
}

/**
 * A statement that takes both, the client's first, if the source has a row, and else keeps nobody waiting: for requests
 * of which few cause a mail.
 */
export function holdBudgets(source: Fragment, { networkKey }: MailClient): Fragment {
  return sql`SELECT pg_advisory_xact_lock(hashtextextended(${networkKey}::text, 0)),
      pg_advisory_xact_lock(hashtextextended(s.recipient_key, 0))
    FROM (${source}) s`;
}

/**
 * A statement that queues a mail with a link to the recipient of the source, if the budget allows it. Over the client's
 * budget it writes nothing; over the recipient's, the row of a mail that is dropped (ENU-05).
 *
 * A mail that has `ids` goes to each recipient of the source that it is prepared for, and nothing is written for another.
 * Dropped rows then have no id of their own, and a repeat counts its own first run: make the source empty for it, unless
 * the budget is `none`.
 */
export function queueMail(
  source: Fragment,
  mail: PreparedMail,
  budget: MailBudget,
  metadata: RequestMetadata,
  {
    linkExpiresAt = sql`NULL`,
    ended,
  }: {
    /** When the link ends, if sooner than a new one; over `s`. */ readonly linkExpiresAt?: Fragment;
    /** What the mail lists. */ readonly ended?: EndedList;
  } = {},
): Fragment {
  const client = clientOf(budget);
  const { rowId, exceptId, isListed } = rowsOf(mail);
  return sql`
    INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, locale, user_id, request_id,
      operation_id, sealed, expires_at, finished_at, outcome${ended === undefined ? sql`` : sql`, facts`})
    SELECT ${rowId}, ${mail.kind}, coalesce(r.recipient, ''), r.recipient_key, ${client?.clientKey ?? null}::text,
      ${client?.networkKey ?? null}::text, coalesce(r.locale, ${metadata.locale}::text),
      CASE WHEN r.recipient IS NOT NULL THEN r.user_id END, ${metadata.requestId}::uuid, ${metadata.operationId}::uuid,
      (${mail.sealed}::text[])[array_position(${mail.recipients}::text[], r.recipient)],
      least(now() + make_interval(secs => ${mail.ttlSeconds}::int), r.link_expires_at),
      CASE WHEN r.recipient IS NULL THEN now() END, CASE WHEN r.recipient IS NULL THEN 'dropped' END${ended === undefined ? sql`` : sql`, CASE WHEN r.recipient IS NOT NULL THEN ${endedFacts(ended)} END`}
    FROM (
      SELECT s.user_id, s.locale, ${linkExpiresAt}::timestamptz AS link_expires_at, ${countedKey(budget)} AS recipient_key,
        CASE WHEN ${recipientHasRoom(mail.kind, exceptId, budget)} THEN s.recipient::text END AS recipient
      FROM (${source}) s
      WHERE ${client === null ? sql`true` : clientHasRoom(client, exceptId)}${isListed}
    ) r
    ON CONFLICT (id) DO NOTHING`;
}

/** How `queueMail` names the row of the recipient `r`, which row it counts in no budget, and a condition over `s`. */
function rowsOf({ id, ids, recipients }: PreparedMail): {
  readonly rowId: Fragment;
  readonly exceptId: string | null;
  readonly isListed: Fragment;
} {
  if (ids === undefined) return { rowId: sql`${id}::uuid`, exceptId: id, isListed: sql`` };
  return {
    // Whoever is not written to has no place in the list.
    rowId: sql`coalesce((${ids}::uuid[])[array_position(${recipients}::text[], r.recipient)], gen_random_uuid())`,
    exceptId: null,
    isListed: sql` AND (s.recipient IS NULL OR s.recipient::text = ANY (${recipients}::text[]))`,
  };
}

/**
 * A statement that queues a notice, a mail without a link, to each recipient of the source, if the budget allows it. It
 * has no id of its own: make the source empty for a repeat of the statement. Over a client's budget it writes nothing; over
 * the recipient's, the row of a mail that is dropped where a client causes it, since what counts for the client tells
 * nobody who has an account (ENU-05), and nothing else.
 */
export function queueNotice(
  source: Fragment,
  kind: NoticeKind,
  budget: MailBudget,
  metadata: RequestMetadata,
  { ended, ...details }: Pick<MailFacts, 'provider'> & { readonly ended?: EndedList } = {},
): Fragment {
  const facts: MailFacts = { userAgent: metadata.userAgent, location: metadata.location, ...details };
  const listed = ended === undefined ? sql`` : sql` || ${endedFacts(ended)}`;
  const client = clientOf(budget);
  return sql`
    INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, locale, user_id, request_id,
      operation_id, facts, expires_at, finished_at, outcome)
    SELECT gen_random_uuid(), ${kind}, coalesce(r.recipient, ''), r.recipient_key, ${client?.clientKey ?? null}::text,
      ${client?.networkKey ?? null}::text, coalesce(r.locale, ${metadata.locale}::text),
      CASE WHEN r.recipient IS NOT NULL THEN r.user_id END, ${metadata.requestId}::uuid, ${metadata.operationId}::uuid,
      CASE WHEN r.recipient IS NOT NULL THEN ${JSON.stringify(facts)}::jsonb${listed} END,
      now() + make_interval(secs => ${mailTtlSecondsMax}::int),
      CASE WHEN r.recipient IS NULL THEN now() END, CASE WHEN r.recipient IS NULL THEN 'dropped' END
    FROM (
      SELECT s.user_id, s.locale, ${countedKey(budget)} AS recipient_key,
        CASE WHEN ${recipientHasRoom(kind, null, budget)} THEN s.recipient::text END AS recipient
      FROM (${source}) s
      WHERE ${client === null ? sql`true` : clientHasRoom(client, null)}
    ) r
    WHERE ${client !== null}::boolean OR r.recipient IS NOT NULL`;
}

/**
 * The mail that this transaction queued, alias `m`: FROM and WHERE. No row where the client was over its budget, where it
 * is a repeat, and, unless `isDroppedToo`, where it will not be sent.
 */
export function fromMailQueuedNow({ id }: PreparedMail, { isDroppedToo = false } = {}): Fragment {
  const sent = isDroppedToo ? sql`` : sql`AND m.outcome IS NULL`;
  return sql`FROM mail_outbox m WHERE m.id = ${id}::uuid AND m.created_at = now() ${sent}`;
}

/** Whether this transaction queued a notice of this kind. */
export function isNoticeQueuedNow(kind: NoticeKind, { operationId }: RequestMetadata): Fragment {
  return sql`EXISTS (
    SELECT FROM mail_outbox m
    WHERE m.operation_id = ${operationId}::uuid AND m.kind = ${kind} AND m.finished_at IS NULL AND m.created_at = now())`;
}

/** Whether this transaction has queued, or dropped, a mail that the client causes. */
export function hasMailedNow({ networkKey }: MailClient, { operationId }: RequestMetadata): Fragment {
  return sql`EXISTS (
    SELECT FROM mail_outbox m
    WHERE m.network_key = ${networkKey} AND m.created_at = now() AND m.operation_id = ${operationId}::uuid)`;
}

/**
 * A statement that takes the name of a deleted user from the mails to them. Those that are not sent never will be, but
 * for those about the deletion, which name no user to begin with; all go on counting for the recipient, unless
 * they do under the id (PRV-04, PRV-08).
 */
export function forgetRecipient(owner: Fragment): Fragment {
  return sql`
    UPDATE mail_outbox m SET user_id = NULL,
      recipient_key = CASE WHEN m.recipient_key NOT LIKE 'user:%' THEN m.recipient_key END, sealed = NULL, facts = NULL,
      finished_at = coalesce(m.finished_at, now()), outcome = coalesce(m.outcome, 'given_up')
    WHERE m.user_id = (SELECT o.user_id FROM ${owner} o)
      OR m.recipient_key = 'user:' || (SELECT o.user_id FROM ${owner} o)`;
}

/** Whether the client and its network, to which it belongs, have mails left in this hour, besides the mail `exceptId`. */
export function clientHasRoom({ clientKey, networkKey }: MailClient, exceptId: string | null): Fragment {
  const { perClient, perNetwork } = mailLimits;
  return sql`(
        SELECT count(*) FILTER (WHERE c.client_key = ${clientKey}) < ${perClient}::int AND count(*) < ${perNetwork}::int
        FROM mail_outbox c
        WHERE c.network_key = ${networkKey} AND ${isOfThisHour(sql`c`)} AND c.id IS DISTINCT FROM ${exceptId}::uuid)`;
}

/** The seconds until a client without room has some again, as a scalar. */
export function secondsUntilClientHasRoom({ clientKey, networkKey }: MailClient): Fragment {
  const { perClient, perNetwork, hourSeconds } = mailLimits;
  const oldest = (condition: Fragment, max: number) => sql`(
      SELECT c.created_at FROM mail_outbox c WHERE c.network_key = ${networkKey} ${condition} AND ${isOfThisHour(sql`c`)}
      ORDER BY c.created_at DESC OFFSET ${max - 1}::int LIMIT 1)`;
  return sql`ceil(extract(epoch FROM greatest(${oldest(sql`AND c.client_key = ${clientKey}`, perClient)},
      ${oldest(sql``, perNetwork)}) + make_interval(secs => ${hourSeconds}::int) - now()))::int`;
}

/**
 * The seconds until the recipient of the row `s` may have another mail of this kind, besides the mail `exceptId`, as a
 * scalar; null where that is now. By the hour's number for everybody, a new client included: for mails that nobody but the
 * owner of a session can ask for, at an address that was verified.
 */
export function secondsUntilRecipientHasRoom(kind: string, exceptId: string | null): Fragment {
  const { perKind, hourSeconds } = mailLimits;
  return sql`(
        SELECT ceil(extract(epoch FROM o.created_at + make_interval(secs => ${hourSeconds}::int) - now()))::int
        FROM mail_outbox o
        WHERE o.recipient_key = s.recipient_key AND o.kind = ${kind} AND ${isOfThisHour(sql`o`)}
          AND o.outcome IS DISTINCT FROM 'dropped' AND o.id IS DISTINCT FROM ${exceptId}::uuid
        ORDER BY o.created_at DESC OFFSET ${perKind - 1}::int LIMIT 1)`;
}

/** Whether the recipient of the row `s` may have another mail of this kind. */
function recipientHasRoom(kind: string, exceptId: string | null, budget: MailBudget): Fragment {
  if (budget === 'none') return sql`true`;
  const { perKind, perKindForNewClient, unverified, daySeconds } = mailLimits;
  const client = clientOf(budget);
  const ofKind = dailyMax(kind);
  // Only who causes mails by requests can be a new client.
  const thisHourMax =
    client === null
      ? sql`${perKind}::int`
      : sql`CASE WHEN bool_or(o.network_key = ${client.networkKey}) THEN ${perKind}::int ELSE ${perKindForNewClient}::int END`;
  // What strangers ask for leaves some for what the owner has to learn.
  const unverifiedMax =
    client === null || kind === 'account_locked' ? unverified.perDay : unverified.requestedPerDay;
  const exceptOwn = exceptId === null ? sql`` : sql`AND o.id <> ${exceptId}::uuid`;
  const isFree =
    typeof budget === 'object' && 'countedIf' in budget ? sql`NOT ${budget.countedIf} OR ` : sql``;
  return sql`(${isFree}(
        SELECT count(*) FILTER (WHERE o.kind = ${kind} AND ${isOfThisHour(sql`o`)}) < ${thisHourMax}
          AND count(*) FILTER (WHERE o.kind = ${kind})
            < CASE WHEN s.is_verified THEN ${ofKind.verified}::int ELSE ${ofKind.unverified}::int END
          AND (s.is_verified OR count(*) < ${unverifiedMax}::int)
        FROM mail_outbox o
        WHERE o.recipient_key = s.recipient_key AND o.created_at > now() - make_interval(secs => ${daySeconds}::int)
          AND o.outcome IS DISTINCT FROM 'dropped' ${exceptOwn}))`;
}

/** The most mails of a kind to one recipient in a day; the outbox holds no more than a day of them. */
function dailyMax(kind: string): { readonly verified: number; readonly unverified: number } {
  const unbounded = 24 * mailLimits.perKindForNewClient;
  if (kind === 'account_locked')
    return { verified: mailLimits.locksPerDay, unverified: mailLimits.locksPerDay };
  if (Object.hasOwn(linkPaths, kind) && !noticeLinks.includes(kind))
    return { verified: unbounded, unverified: unbounded };
  return { verified: unbounded, unverified: mailLimits.unverified.noticesPerDay };
}

function isOfThisHour(m: Fragment): Fragment {
  return sql`${m}.created_at > now() - make_interval(secs => ${mailLimits.hourSeconds}::int)`;
}

function clientOf(budget: MailBudget): MailClient | null {
  return typeof budget === 'object' && 'client' in budget ? budget.client : null;
}

/** Null for a mail that counts in no budget. */
function countedKey(budget: MailBudget): Fragment {
  if (budget === 'none') return sql`NULL::text`;
  if (typeof budget === 'object' && 'countedIf' in budget)
    return sql`CASE WHEN ${budget.countedIf} THEN s.recipient_key END`;
  return sql`s.recipient_key`;
}

/**
 * The user's mails in the outbox, without their content. A mail to the new address of an e-mail change is left out:
 * its existence would reveal whether somebody has that address (ENU-04), and `links` contains the address.
 */
export const exportedMails: ExportPart = {
  name: 'mails',
  value: (owner) => sql`ARRAY(
    SELECT json_build_object('kind', m.kind, 'recipient', m.recipient, 'locale', m.locale,
        'createdAt', ${isoTime(sql`m.created_at`)}, 'finishedAt', ${isoTime(sql`m.finished_at`)}, 'outcome', m.outcome)
    FROM mail_outbox m WHERE m.user_id = ${owner}.user_id AND m.kind <> 'confirm_email_change'
    ORDER BY m.created_at DESC, m.id)`,
};
