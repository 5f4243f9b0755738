import type { Database } from '../db/client.ts';
import { deletesDue } from '../db/delete-due.sql.ts';
import { resealsRows } from '../db/reseal-rows.sql.ts';
import { type Fragment, sql } from '../db/sql.ts';
import { isoTime } from '../db/texts.sql.ts';
import type { MailFacts } from './mail-kind.ts';
import { mailLimits } from './mail-limits.ts';
import { associatedData } from './prepared-mail.ts';

/** A mail of the outbox that one run holds for the duration of its lease. */
export interface LeasedMail {
  readonly id: string;
  readonly kind: string;
  readonly recipient: string;
  readonly locale: string | null;
  /** The sealed content; null in a notice. */
  readonly sealed: string | null;
  /** The facts of a notice; of a mail with a link, those that only its statement knew: the others are sealed with it. */
  readonly facts: MailFacts | null;
  /** The number of tries, this one included. */
  readonly attempts: number;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

/** Select list for a `LeasedMail` over the mail `m`, but for the tries. */
export const mailColumns: Fragment = sql`
  m.id, m.kind, m.recipient, m.locale, m.sealed, m.facts, ${isoTime(sql`m.created_at`)} AS "createdAt"`;

/** A mail that is not tried again. */
export type GivenUpMail = Pick<LeasedMail, 'id' | 'kind' | 'recipient' | 'attempts'>;

/** Seconds until the second try, doubled for each further one, and the maximum. */
export const retrySeconds = { first: 120, max: 3600 } as const;

/**
 * Takes up to `limit` due mails under a lease, the longest due first. Round trips: 1.
 *
 * The delay until the next try is also the lease: it starts before the mail is sent, so that a run that dies, hangs
 * or fails has nothing to write, and no two runs hold a mail at the same time. Mails that another run is taking are
 * skipped. Not retried when its response is lost: they are due again when the lease ends.
 */
export function leaseDueMails(db: Database, limit: number): Promise<LeasedMail[]> {
  return db.query('lease-due-mails', lease(sql`true`, limit));
}

/** Takes the mails that one request has queued, in the same way. Round trips: 1. */
export function leaseMailsOfOperation(
  db: Database,
  operationId: string,
  limit: number,
): Promise<LeasedMail[]> {
  return db.query('lease-mails-of-operation', lease(sql`m.operation_id = ${operationId}::uuid`, limit));
}

function lease(condition: Fragment, limit: number): Fragment<LeasedMail> {
  const { first, max } = retrySeconds;
  return sql`
    WITH due AS MATERIALIZED (
      SELECT m.id FROM mail_outbox m
      WHERE ${condition} AND m.finished_at IS NULL AND m.next_attempt_at <= now() AND m.expires_at > now()
      ORDER BY m.next_attempt_at LIMIT ${limit}::int FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE mail_outbox m
    SET attempts = m.attempts + 1,
      next_attempt_at = now() + make_interval(secs => least(${max}::int, ${first}::int * 2 ^ least(m.attempts, 10)))
    WHERE m.id = ANY (ARRAY(SELECT d.id FROM due d))
    RETURNING ${mailColumns}, m.attempts`;
}

/** Makes leased mails due again that were not tried. Round trips: 1. */
export async function returnMails(db: Database, ids: readonly string[]): Promise<void> {
  const statement = sql`
    WITH leased AS MATERIALIZED (
      SELECT m.id FROM mail_outbox m WHERE m.id = ANY (${ids}::uuid[]) AND m.finished_at IS NULL AND m.attempts > 0
      FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE mail_outbox m SET attempts = m.attempts - 1, next_attempt_at = now()
    WHERE m.id = ANY (ARRAY(SELECT l.id FROM leased l))`;
  await db.query('return-mails', statement);
}

/** Records a mail as sent and deletes its content (SES-02). Round trips: 1. */
export async function finishMail(db: Database, id: string): Promise<void> {
  const statement = sql`
    UPDATE mail_outbox m SET outcome = 'sent', finished_at = now(), sealed = NULL, facts = NULL
    WHERE m.id = ${id}::uuid AND m.finished_at IS NULL`;
  await db.query('finish-mail', statement, { isIdempotent: true });
}

/**
 * Gives up at most `limit` mails whose links have expired, and deletes their content. Round trips: 1.
 * @returns those that this call gave up
 */
export function giveUpExpiredMails(db: Database, limit: number): Promise<GivenUpMail[]> {
  const statement = sql<GivenUpMail>`
    WITH expired AS MATERIALIZED (
      SELECT m.id FROM mail_outbox m WHERE m.finished_at IS NULL AND m.expires_at <= now()
      ORDER BY m.expires_at LIMIT ${limit}::int FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE mail_outbox m SET outcome = 'given_up', finished_at = now(), sealed = NULL, facts = NULL
    WHERE m.id = ANY (ARRAY(SELECT e.id FROM expired e))
    RETURNING m.id, m.kind, m.recipient, m.attempts`;
  return db.query('give-up-expired-mails', statement);
}

/**
 * Deletes mails that were finished more than a day ago. Until then they are what the budgets of mails are counted from, and
 * contain nothing but an address.
 */
export const deleteFinishedMails = deletesDue('delete-finished-mails', {
  table: 'mail_outbox',
  at: 'finished_at',
  until: sql`now() - make_interval(secs => ${mailLimits.daySeconds}::int)`,
});

/** A mail that is sent meanwhile stays wiped. One that does not open is left until it is given up. */
export const resealMails = resealsRows('reseal-mails', {
  rows: 'mail_outbox.sealed',
  boundTo: ['kind', 'recipient'],
  associatedData,
  where: sql`x.finished_at IS NULL`,
});
