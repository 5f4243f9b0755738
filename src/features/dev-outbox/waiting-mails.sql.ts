import type { Database } from '../../db/client.ts';
import { sql } from '../../db/sql.ts';
import { type LeasedMail, mailColumns } from '../../mail/outbox.sql.ts';

/** A mail in the outbox that has not been sent. */
export type WaitingMail = Omit<LeasedMail, 'attempts'>;

/** Returns the unsent mails, newest first. Round trips: 1. */
export function findWaitingMails(db: Database, limit: number): Promise<WaitingMail[]> {
  const statement = sql<WaitingMail>`
    SELECT ${mailColumns} FROM mail_outbox m WHERE m.finished_at IS NULL
    ORDER BY m.created_at DESC, m.id LIMIT ${limit}::int`;
  return db.query('find-waiting-mails', statement);
}

/** Returns one unsent mail; undefined when there is none with this id. Round trips: 1. */
export async function findWaitingMail(db: Database, id: string): Promise<WaitingMail | undefined> {
  const statement = sql<WaitingMail>`
    SELECT ${mailColumns} FROM mail_outbox m WHERE m.id = ${id}::uuid AND m.finished_at IS NULL`;
  const [row] = await db.query('find-waiting-mail', statement);
  return row;
}
