import type { Address } from '../../../address/address-key.ts';
import type { Database } from '../../../db/client.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import type { MailClient } from '../../../mail/mail-client.ts';
import { fromMailQueuedNow, holdClient, holdRecipient, queueMail } from '../../../mail/queue-mail.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { claimOn } from '../../addresses/index.ts';
import { issueToken, type LinkMail } from '../../one-time-tokens/index.ts';
import { dropPendingRegistrations } from '../../pending-registrations/index.ts';
import { type EventKind, recordEvents } from '../../security-events/index.ts';
import {
  countRegistration,
  insertUser,
  insertVerifiedUser,
  isRegistrationCounted,
  type RegistrationCount,
  recipientColumns,
  secondsUntilRoomToRegister,
} from '../../users/index.ts';
import { identityAddedNow, insertIdentity, keepProviderToken } from '../identities/identities.sql.ts';
import type { EntryRow } from './entry-row.ts';
import { consume, entryAnswer, isConsumedHere, newEntrySteps } from './entry-steps.sql.ts';
import type { NewOwner } from './new-profile.ts';

/** A sign-in that makes an account. */
export interface IdentityRegistration extends NewOwner {
  /** UUID made before the first try. */
  readonly newUserId: string;
  /** The mail that lets the owner verify an address that the provider is not trusted for; null where none is sent. */
  readonly verification: (LinkMail & { readonly client: MailClient }) | null;
  readonly count: RegistrationCount;
}

/** What came of it: `refused` for a client over its limit of registrations, `taken` where the address is not free any longer. */
export type Registered =
  | { readonly outcome: 'created'; readonly row: EntryRow }
  | { readonly outcome: 'taken' }
  | { readonly outcome: 'refused'; readonly retryAfterSeconds: number };

/**
 * Creates an account with its identity, both or neither, where nobody else has a claim on the address: verified where the
 * provider is trusted for it. It counts as a registration of the client. Round trips: 1.
 */
export async function registerByIdentity(
  db: Database,
  account: IdentityRegistration,
  metadata: RequestMetadata,
): Promise<Registered> {
  const { newUserId, address, identity, keptToken, verification, count, entry } = account;
  const user = sql`u.id = ${newUserId}::uuid`;
  const proved = sql`(SELECT ${address.email}::text AS email FROM ${identityAddedNow(identity)} a)`;
  const { answer } = await db.batch(
    'register-by-identity',
    {
      ...countRegistration(count),
      holdClient: verification && holdClient(verification.client),
      consume: consume(entry.consumed, metadata),
      create: createUser(account, metadata),
      dropRegistrations: identity.isEmailProved ? dropPendingRegistrations(proved) : null,
      keepToken: keptToken && keepProviderToken(identity, keptToken),
      ...newEntrySteps(sql`SELECT u.id AS user_id FROM users u WHERE ${user}`, entry, metadata),
      ...(verification && verificationSteps(newUserId, address, verification, metadata)),
      answer: sql<EntryRow & { readonly refused_for: number | null }>`
        SELECT ${secondsUntilRoomToRegister(count)} AS refused_for, x.*
        FROM (VALUES (1)) AS one LEFT JOIN (${entryAnswer(entry, user)}) x ON true`,
    },
    { isIdempotent: true },
  );
  const row = answer[0];
  if (row === undefined) throw new TypeError('an answer must always have one row');
  if (row.user_id !== null) return { outcome: 'created', row };
  return row.refused_for === null
    ? { outcome: 'taken' }
    : { outcome: 'refused', retryAfterSeconds: row.refused_for };
}

function createUser(
  { newUserId, address, identity, profile: { name, locale }, count, entry }: IdentityRegistration,
  metadata: RequestMetadata,
): Fragment {
  const isProved = identity.isEmailProved;
  const isFree = sql`${isRegistrationCounted(count)} AND ${isConsumedHere(entry.consumed, metadata)} AND ${claimOn(address, { isMailboxProved: isProved })} = 'free'
      AND NOT EXISTS (SELECT FROM identities i WHERE i.issuer = ${identity.issuer} AND i.subject = ${identity.subject})`;
  const user = { id: newUserId, address, name, passwordHash: null, locale };
  const wanted = sql`(SELECT ${name}::text AS name, ${locale}::text AS locale, NULL::text AS password_hash WHERE ${isFree})`;
  const created: EventKind = { type: 'user_created', outcome: 'success', method: identity.providerId };
  const createdNow = sql`(SELECT a.user_id, NULL::uuid AS session_id FROM added a)`;
  return sql`
    WITH created AS (${isProved ? insertVerifiedUser(wanted, user) : insertUser(user, sql`(NOT (${isFree}))`)}),
    added AS (${insertIdentity(isProved ? sql`SELECT c.user_id FROM created c` : sql`SELECT c.id AS user_id FROM created c`, identity, metadata)})
    ${recordEvents(createdNow, created, metadata)}`;
}

function verificationSteps(
  newUserId: string,
  address: Address,
  { client, mail, token }: LinkMail & { readonly client: MailClient },
  metadata: RequestMetadata,
): Readonly<Record<string, Fragment>> {
  const owner = sql`
    SELECT ${recipientColumns(sql`u`)} FROM users u WHERE u.id = ${newUserId}::uuid AND u.created_at = now()`;
  const queued = sql`(SELECT m.user_id, m.recipient ${fromMailQueuedNow(mail)})`;
  return {
    holdRecipient: holdRecipient(sql`SELECT ${address.keys[0]}::text AS recipient_key`),
    queueMail: queueMail(owner, mail, { client }, metadata),
    issueLink: issueToken(queued, token, { owner: sql`s.user_id`, email: sql`s.recipient` }),
  };
}
