import { type Fragment, sql } from '../../db/sql.ts';
import { queueMail, toTokenOwner } from '../../mail/fragments.ts';
import { type MailBudget, mailLimits } from '../../mail/mail-budget.ts';
import type { PreparedMail } from '../../mail/prepared-mail.ts';
import { reserveAttempt } from '../../rate-limit/fragments.ts';
import type { RequestMetadata } from '../../request-metadata.ts';
import { issueToken, type NewOneTimeToken } from '../one-time-tokens/index.ts';

/** A link and its mail, both made before the statement. */
export interface LinkMail {
  readonly token: NewOneTimeToken;
  readonly mail: PreparedMail;
}

/** A link and its mail that anybody can request, with the budget of the mail. */
export interface CountedLinkMail extends LinkMail {
  readonly budget: MailBudget;
}

/** The mail about a lock, with its unlock link. */
export type LockMail = LinkMail;

/** The mail about a sign-in on a new device. */
export interface NewDeviceMail extends LinkMail {
  /** UUID, so that a retry of the statement does not count twice. */
  readonly idempotencyKey: string;
}

/**
 * CTEs, each with a leading comma, that notify the owner of a lock, if the CTE `locked` has a row: `user_id`,
 * `bucket`, `email`, `locale` and `is_banned`, null when nobody has the address. In that case nobody is notified, nor
 * when the account is banned or the mail was prepared for another address; the same number of rows is written.
 */
export function lockMailCtes(
  locked: Fragment,
  { token, mail }: LockMail,
  metadata: RequestMetadata,
): Fragment {
  const told = sql`(
    SELECT CASE WHEN l.is_told THEN l.user_id END AS user_id, CASE WHEN l.is_told THEN l.email END AS email, l.bucket
    FROM (SELECT k.*, k.email = ANY (${mail.recipients}::text[]) AND NOT k.is_banned AS is_told FROM ${locked} k) l)`;
  const columns = { owner: sql`s.user_id`, email: sql`s.email`, bucket: sql`s.bucket` };
  return sql`,
    unlock_token AS (${issueToken(told, token, columns)}),
    lock_mail AS (${queueMail(sql`(SELECT i.*, l.locale FROM unlock_token i, ${locked} l)`, mail, metadata, toTokenOwner)})`;
}

/**
 * CTEs, each with a leading comma, that notify the owner of a sign-in on a new device, if the CTE `source` has a row:
 * `user_id`, `email` and `locale`. At most five mails per hour and account, since whoever has its password could
 * cause any number.
 */
export function newDeviceMailCtes(
  source: Fragment,
  { token, mail, idempotencyKey }: NewDeviceMail,
  metadata: RequestMetadata,
): Fragment {
  const limits = { max: mailLimits.perAddress, windowSeconds: mailLimits.windowSeconds };
  const bucket = sql`(
    SELECT 'mail:new_device:user:' || d.user_id AS bucket FROM ${source} d WHERE d.email = ANY (${mail.recipients}::text[]))`;
  const told = sql`(
    SELECT d.user_id, d.email FROM ${source} d, new_device_count c WHERE c.number <= ${limits.max}::int)`;
  return sql`,
    new_device_count AS (${reserveAttempt(bucket, idempotencyKey, limits)}),
    not_me_token AS (${issueToken(told, token, { owner: sql`s.user_id`, email: sql`s.email` })}),
    new_device_mail AS (${queueMail(sql`(SELECT i.*, d.locale FROM not_me_token i, ${source} d)`, mail, metadata, toTokenOwner)})`;
}
