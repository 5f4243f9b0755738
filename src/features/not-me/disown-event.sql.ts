import type { Database } from '../../db/client.ts';
import { sql } from '../../db/sql.ts';
import type { Credentials } from '../../joints/closing.ts';
import type { RequestMetadata } from '../../request/request-metadata.ts';
import { type LinkMail, mailNotMeLink } from '../one-time-tokens/index.ts';
import { type EventRow, endedNow, eventColumns, fromOwnEvent } from '../security-events/index.ts';
import { type CallerIds, fromLiveSession, liveCaller, signOutSteps } from '../sessions/index.ts';
import { disownedDays } from './disowned-days.ts';

/** An event that a caller may disown. */
export interface DisownedEvent extends EventRow {
  /** By which way in, where it is a sign-in. */
  readonly signed_in_by: string | null;
}

/** The caller's address, and the event; its columns are null where the account has no such event. */
type DisownedRow = { readonly email: string } & (DisownedEvent | { readonly id: null });

/** Reads an event that the caller may disown. Round trips: 1. Null when the calling session is no longer live. */
export async function findDisowned(
  db: Database,
  caller: CallerIds,
  eventId: string | null,
): Promise<DisownedRow | null> {
  const statement = sql<DisownedRow>`
    WITH caller AS (SELECT u.id AS user_id, u.email::text AS email ${fromLiveSession(caller)})
    SELECT c.email, n.* FROM caller c LEFT JOIN LATERAL (
      SELECT ${eventColumns(sql`e`)}, CASE WHEN e.type = 'authn_login_success' THEN e.method END AS signed_in_by
      ${fromOwnEvent(sql`c.user_id`, eventId, disownedDays)}) AS n ON true`;
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
  { event, link }: { readonly event: DisownedEvent; readonly link: LinkMail },
  credentials: readonly Credentials[],
  metadata: RequestMetadata,
): Promise<boolean> {
  const eventAt = sql`${event.at.toISOString()}::timestamptz`;
  const steps = {
    ...signOutSteps(caller, 'others', credentials, metadata),
    mailLink: mailNotMeLink(sql`(${liveCaller(caller)})`, link, 'recipient', metadata, {
      ended: endedNow(metadata),
      ...{ disownedSince: eventAt, method: sql`${event.signed_in_by}` },
      expiresAt: sql`greatest(${eventAt} + make_interval(days => ${disownedDays}::int), now() + interval '1 day')`,
    }),
  };
  const { findCaller } = await db.batch('disown-event', steps, { isIdempotent: true });
  return findCaller.length > 0;
}
