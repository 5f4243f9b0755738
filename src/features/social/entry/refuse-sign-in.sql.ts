import type { Address } from '../../../address/address-key.ts';
import type { Database } from '../../../db/client.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import type { EventReason } from '../../../joints/event-types.ts';
import type { MailClient } from '../../../mail/mail-client.ts';
import { holdClient, holdRecipient, queueNotice } from '../../../mail/queue-mail.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { type EventKind, recordEvents } from '../../security-events/index.ts';
import { hasAddress, recipientColumns } from '../../users/index.ts';
import type { ConsumedOnce } from './entry.ts';
import { consume, isConsumedHere } from './entry-steps.sql.ts';

/** A sign-in at a provider that leads to no account. */
export interface Refusal {
  /** What it uses up all the same. */
  readonly consumed: ConsumedOnce;
  /** The account that it would have led to; null for none. */
  readonly userId: string | null;
  readonly method: string;
  readonly reason: EventReason<'authn_login_fail'>;
}

/** Whom a refusal is told. */
export interface Told {
  readonly refusal: Refusal;
  readonly address: Address;
  /** Who causes the mail. */
  readonly client: MailClient;
  /** As people know the provider. */
  readonly provider: string;
}

/** Records a sign-in that was refused, and uses up what it came by. Round trips: 1. */
export async function recordRefusedSignIn(
  db: Database,
  refusal: Refusal,
  metadata: RequestMetadata,
): Promise<void> {
  await db.batch(
    'record-refused-social-sign-in',
    {
      consume: consume(refusal.consumed, metadata),
      record: recordEvents(sourceOf(refusal, metadata), failedOnce(refusal), metadata),
    },
    { isIdempotent: true },
  );
}

/**
 * Records that an address was not enough to be let in, and tells its owner, who learns by mail alone that somebody was
 * there (ENU-11): a mail that the client causes, and which counts where nobody has the address as well. Nothing is written
 * twice by a repeat. Round trips: 1.
 */
export async function tellToLink(
  db: Database,
  { refusal, address, client, provider }: Told,
  metadata: RequestMetadata,
): Promise<void> {
  const recordedNow = sql`EXISTS (
    SELECT FROM security_events e WHERE e.id = ${metadata.operationId}::uuid AND e.at = now())`;
  const owner = sql`
    SELECT o.user_id, o.recipient, CASE WHEN o.recipient IS NOT NULL THEN ${address.keys[0]}::text END AS recipient_key,
      o.is_verified, o.locale
    FROM (VALUES (1)) AS one LEFT JOIN (
      SELECT ${recipientColumns(sql`u`)} FROM users u WHERE ${hasAddress(sql`u`, address)}
      ORDER BY lower(u.email) = ${address.email} DESC LIMIT 1
    ) o ON true WHERE ${recordedNow}`;
  await db.batch(
    'tell-to-link-identity',
    {
      holdClient: holdClient(client),
      consume: consume(refusal.consumed, metadata),
      record: recordEvents(sourceOf(refusal, metadata), failedOnce(refusal), metadata),
      holdRecipient: holdRecipient(owner),
      tellOwner: queueNotice(owner, 'identity_not_linked', { client }, metadata, { provider }),
    },
    { isIdempotent: true },
  );
}

function sourceOf({ userId, consumed }: Refusal, metadata: RequestMetadata): Fragment {
  return sql`(
    SELECT ${userId}::uuid AS user_id, NULL::uuid AS session_id WHERE ${isConsumedHere(consumed, metadata)})`;
}

function failedOnce({ method, reason }: Refusal): EventKind {
  return { type: 'authn_login_fail', outcome: 'failure', method, reason, isOncePerRequest: true };
}
