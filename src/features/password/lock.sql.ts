import { type Fragment, sql } from '../../db/sql.ts';
import { mailLimits } from '../../mail/mail-limits.ts';
import { fromMailQueuedNow } from '../../mail/queue-mail.sql.ts';
import { type AttemptLimits, isRefusalUntold, markRefusalsTold } from '../../rate-limit/attempts.sql.ts';
import { issueToken, type LinkMail, type NewOneTimeToken } from '../one-time-tokens/index.ts';
import { fromAddress, isVerificationDue } from '../users/index.ts';
import type { LoginAttempt } from './login-attempt.ts';

/**
 * The recipient of the mail about a lock, if this attempt was refused and nobody has been told of the window yet: a
 * source of `queueMail`. Nobody is written to where nobody has the address, the account is banned, or it is stored in a
 * spelling that the mail was not prepared for; that costs the same.
 */
export function lockToTell(attempt: LoginAttempt, { mail }: LinkMail, limits: AttemptLimits): Fragment {
  const { id, subject, buckets } = attempt;
  return sql`
    SELECT a.*, ${subject}::text AS recipient_key
    FROM (SELECT) one LEFT JOIN (
      SELECT u.id AS user_id, u.locale, NOT ${isVerificationDue(sql`u`)} AS is_verified,
        CASE WHEN u.email = ANY (${mail.recipients}::text[]) AND u.banned_at IS NULL THEN u.email::text END AS recipient
      ${fromAddress(attempt.email, attempt.address)}
    ) a ON true
    WHERE (
      SELECT bool_or(${isRefusalUntold(sql`t`, limits)}) AND NOT bool_or(t.last_attempt_id = ${id}::uuid AND t.count <= ${limits.max}::int)
      FROM login_attempts t WHERE t.bucket = ANY (${buckets}::text[]))`;
}

/**
 * A statement that stores the unlock link of the mail that this transaction queued, and notes that the lock has been
 * told. The link stands for the account: it gives back the attempts of all devices.
 */
export function issueUnlockLink(
  { subject, buckets }: LoginAttempt,
  { token, mail }: LinkMail,
  limits: AttemptLimits,
): Fragment {
  const queued = sql`(
    SELECT m.user_id, nullif(m.recipient, '') AS email, m.recipient_key ${fromMailQueuedNow(mail, { isDroppedToo: true })})`;
  return sql`
    WITH told AS (${markRefusalsTold(buckets, queued, limits)})
    ${issueToken(queued, token, {
      owner: sql`s.user_id`,
      email: sql`s.email`,
      bucket: sql`${`${subject}:world`}::text`,
      expiresAt: unlockLinkExpiresAt(token),
    })}`;
}

/**
 * When the unlock link in the mail to `s.recipient_key` expires: that of the day's last mail lives until there can be
 * another one, or whoever goes on guessing could keep the owner locked out without a link.
 */
function unlockLinkExpiresAt({ ttlSeconds }: NewOneTimeToken): Fragment {
  const { locksPerDay, daySeconds } = mailLimits;
  return sql`greatest(now() + make_interval(secs => ${ttlSeconds}::int), (
      SELECT min(o.created_at) + make_interval(secs => ${daySeconds}::int) FROM mail_outbox o
      WHERE o.recipient_key = s.recipient_key AND o.kind = 'account_locked' AND o.outcome IS DISTINCT FROM 'dropped'
        AND o.created_at > now() - make_interval(secs => ${daySeconds}::int)
      HAVING count(*) >= ${locksPerDay}::int))`;
}
