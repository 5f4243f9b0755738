import type { Database } from '../../db/client.ts';
import { type Fragment, sql } from '../../db/sql.ts';
import type { Credentials } from '../../joints/closing.ts';
import { fromMailQueuedNow, queueMail } from '../../mail/queue-mail.sql.ts';
import type { RequestMetadata } from '../../request/request-metadata.ts';
import { issueToken, type LinkMail } from '../one-time-tokens/index.ts';
import { type EventRow, endedNow, eventColumns, fromOwnEvent } from '../security-events/index.ts';
import { type CallerIds, fromLiveSession, liveCaller, signOutSteps } from '../sessions/index.ts';
import { owners } from '../users/index.ts';
import { disownedDays } from './disowned-days.ts';

/** The caller's address, and the event; its columns are null where the account has no such event. */
export type DisownedRow = { readonly email: string } & (EventRow | { readonly id: null });

/** Reads an event that the caller may disown. Round trips: 1. Null when the calling session is no longer live. */
export async function findDisowned(
  db: Database,
  caller: CallerIds,
  eventId: string | null,
): Promise<DisownedRow | null> {
  const statement = sql<DisownedRow>`
    WITH caller AS (SELECT u.id AS user_id, u.email::text AS email ${fromLiveSession(caller)})
    SELECT c.email, n.* FROM caller c LEFT JOIN LATERAL (
      SELECT ${eventColumns(sql`e`)} ${fromOwnEvent(sql`c.user_id`, eventId, disownedDays)}) AS n ON true`;
  const [row] = await db.query('find-disowned-event', statement, { isIdempotent: true });
  return row ?? null;
}

/**
 * Signs out every other session of the caller, and queues the mail with a not-me link of the time of the event, within the
 * budget of its recipient. A session proves no mailbox: what only that may end, the link ends (LNK-18). Round trips: 1.
 * False when the calling session is no longer live.
 */
export async function disown(
  db: Database,
  caller: CallerIds,
  { eventId, link: { mail, token } }: { readonly eventId: string; readonly link: LinkMail },
  credentials: readonly Credentials[],
  metadata: RequestMetadata,
): Promise<boolean> {
  // Prepared for the address that the account had when it was read.
  const recipient = sql`SELECT r.* FROM (${owners(sql`(${liveCaller(caller)})`)}) r WHERE r.recipient = ANY (${mail.recipients}::text[])`;
  const queued = sql`(SELECT m.user_id, m.recipient ${fromMailQueuedNow(mail)})`;
  const ofEvent = (column: Fragment) =>
    sql`(SELECT ${column} ${fromOwnEvent(sql`s.user_id`, eventId, disownedDays)})`;
  const steps = {
    ...signOutSteps(caller, 'others', credentials, metadata),
    queueLink: queueMail(recipient, mail, 'recipient', metadata, { ended: endedNow(metadata) }),
    issueLink: issueToken(queued, token, {
      ...{ owner: sql`s.user_id`, email: sql`s.recipient`, createdAt: ofEvent(sql`e.at`) },
      method: ofEvent(sql`CASE WHEN e.type = 'authn_login_success' THEN e.method END`),
    }),
  };
  const { findCaller } = await db.batch('disown-event', steps, { isIdempotent: true });
  return findCaller.length > 0;
}
