import type { Database } from '../../db/client.ts';
import { type Fragment, sql } from '../../db/sql.ts';
import { isoTime } from '../../db/texts.sql.ts';
import type { MailFacts } from '../../mail/mail-kind.ts';

/** A mail in the outbox that has not been sent. */
export interface WaitingMail {
  readonly id: string;
  readonly kind: string;
  readonly recipient: string;
  readonly locale: string | null;
  readonly sealed: string | null;
  readonly facts: MailFacts | null;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

/** Returns the unsent mails, newest first. Round trips: 1. */
export function findWaitingMails(db: Database, limit: number): Promise<WaitingMail[]> {
  const statement = sql<WaitingMail>`
    SELECT ${columns} FROM mail_outbox m WHERE m.finished_at IS NULL
    ORDER BY m.created_at DESC, m.id LIMIT ${limit}::int`;
  return db.query('find-waiting-mails', statement);
}

/** Returns one unsent mail; undefined when there is none with this id. Round trips: 1. */
export async function findWaitingMail(db: Database, id: string): Promise<WaitingMail | undefined> {
  const statement = sql<WaitingMail>`
    SELECT ${columns} FROM mail_outbox m WHERE m.id = ${id}::uuid AND m.finished_at IS NULL`;
  const [row] = await db.query('find-waiting-mail', statement);
  return row;
}

const columns: Fragment = sql`
  m.id, m.kind, m.recipient, m.locale, m.sealed, m.facts, ${isoTime(sql`m.created_at`)} AS "createdAt"`;
