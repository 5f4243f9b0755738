import type { Database } from '../../db/client.ts';
import { sql } from '../../db/sql.ts';
import { type Credentials, closeWaysIn } from '../../joints/closing.ts';
import type { PreparedMail } from '../../mail/prepared-mail.ts';
import { fromMailQueuedNow, queueMail } from '../../mail/queue-mail.sql.ts';
import type { RequestMetadata } from '../../request/request-metadata.ts';
import {
  consumedByUs,
  consumedNow,
  consumeToken,
  issueToken,
  type NewOneTimeToken,
  type PresentedOneTimeToken,
} from '../one-time-tokens/index.ts';
import { endedNow, recordEvents } from '../security-events/index.ts';
import { lockUser, owners } from '../users/index.ts';
import type { FoundAccount } from '../way-back/index.ts';

/** A sign-in that was disowned, in an account that keeps its address. */
export interface NotMeReport {
  readonly presented: PresentedOneTimeToken;
  readonly account: FoundAccount;
  readonly resetToken: NewOneTimeToken;
  /** To the present address of the account. */
  readonly resetMail: PreparedMail;
}

/**
 * Consumes the link, ends every way into the account by which the intruder could come back, and queues the mail with a
 * reset link: all or nothing. Round trips: 1. False when the link was consumed, or the account banned, deleted or moved to
 * another address, since it was read.
 *
 * The user is held first, so that a login that was faster has opened its session by then, and a later one finds no hash
 * (SES-07).
 */
export async function revokeAccess(
  db: Database,
  { presented, account, resetToken, resetMail }: NotMeReport,
  metadata: RequestMetadata,
  credentials: readonly Credentials[],
): Promise<boolean> {
  const { operationId } = metadata;
  const done = consumedByUs(presented, operationId);
  const once = consumedNow(presented, operationId);
  const holder = sql`(
    SELECT u.id AS user_id FROM users u
    WHERE u.id = ${account.user_id}::uuid AND u.email = ${account.email} AND u.banned_at IS NULL)`;
  const events = sql`(SELECT o.user_id, NULL::uuid AS session_id FROM ${once} o)`;
  const steps = {
    holdUser: lockUser(account.user_id),
    consume: consumeToken(holder, presented, operationId),
    ...closeWaysIn(credentials, {
      ...{ occasion: 'not_me', owner: done, ownerOnce: once, actingSessionId: null, metadata },
      // The link was issued with the session, or is of the time of an event.
      since: sql`(SELECT coalesce(d.disowned_since, d.created_at) FROM ${done} d)`,
      disownedMethod: sql`(SELECT d.method FROM ${done} d)`,
      email: account.email,
      ownLinks: [resetToken.hash],
    }),
    record: recordEvents(events, { type: 'user_updated', outcome: 'success', reason: 'not_me' }, metadata),
    recordLink: recordEvents(
      events,
      { type: 'authn_token_created', outcome: 'success', reason: 'password_reset' },
      metadata,
    ),
    mailReset: queueMail(owners(once), resetMail, 'none', metadata, { ended: endedNow(metadata) }),
    issueReset: issueToken(sql`(SELECT m.user_id, m.recipient ${fromMailQueuedNow(resetMail)})`, resetToken, {
      ...{ owner: sql`s.user_id`, email: sql`s.recipient` },
    }),
    answer: sql`SELECT d.user_id FROM ${done} d`,
  };
  const { answer } = await db.batch('report-not-me', steps, { isIdempotent: true });
  return answer.length > 0;
}
