import type { Address } from '../../../address/address-key.ts';
import type { Database } from '../../../db/client.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import type { SecondFactor } from '../../../joints/second-factor.ts';
import type { MailClient } from '../../../mail/mail-client.ts';
import {
  clientHasRoom,
  fromMailQueuedNow,
  holdClient,
  holdRecipient,
  isNoticeQueuedNow,
  queueMail,
  queueNotice,
  secondsUntilClientHasRoom,
} from '../../../mail/queue-mail.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { canBeTakenOver, claimOn } from '../../addresses/index.ts';
import { issueToken, type LinkMail } from '../../one-time-tokens/index.ts';
import {
  emptyPendingRegistration,
  type PendingRegistration,
  storePendingRegistration,
} from '../../pending-registrations/index.ts';
import {
  countRegistration,
  hasAddress,
  isRegistrationCounted,
  isReservedEmail,
  type RegistrationCount,
  recipientColumns,
  secondsUntilRoomToRegister,
} from '../../users/index.ts';

/** For how long a client is refused, in seconds: by its registrations, or by its mails. Both null: it is not. */
export interface RequestRefusal {
  readonly registrations: number | null;
  readonly mails: number | null;
}

/**
 * Stores a pending registration and queues the mail with its link, where nobody has the address or the account that has
 * it can be taken over. Where it is taken, its owner gets a notice instead, and nothing of the registration is kept; nothing is
 * kept or sent either where the address is reserved, held for its former owner, or over its budget of mails. All cases
 * write the same number of rows, so that time reveals as little as the answer (ENU-04). A client over its limit of
 * registrations or of mails is refused, whatever the address, and nothing is written. A repeat after a lost answer stores
 * and sends nothing twice. Round trips: 1.
 */
export async function requestRegistration(
  db: Database,
  registration: PendingRegistration,
  address: Address,
  { token, mail, client }: LinkMail & { readonly client: MailClient },
  {
    count,
    secondFactors,
  }: { readonly count: RegistrationCount; readonly secondFactors: readonly SecondFactor[] },
  metadata: RequestMetadata,
): Promise<RequestRefusal> {
  const { id, subject, locale } = registration;
  const isStored = sql`EXISTS (SELECT FROM registration_attempts p WHERE p.id = ${id}::uuid)`;
  const storedNow = sql`
    SELECT CASE WHEN p.email <> '' THEN p.id END AS registration_id, nullif(p.email, '') AS email, NULL::uuid AS user_id,
      nullif(p.email, '') AS recipient, ${subject}::text AS recipient_key, false AS is_verified, ${locale}::text AS locale
    FROM registration_attempts p WHERE p.id = ${id}::uuid AND p.created_at = now()`;
  const claimed = sql`(
    SELECT ${claimOn(address, { secondFactors })} IN ('free', 'open') AS is_wanted
    WHERE ${isRegistrationCounted(count)} AND ${clientHasRoom(client, mail.id)} AND NOT ${isStored})`;
  const toApplicant = sql`
    SELECT a.* FROM (${storedNow}) a WHERE NOT ${isNoticeQueuedNow('email_taken', metadata)}`;
  const steps = {
    ...countRegistration(count),
    holdClient: holdClient(client),
    holdRecipient: holdRecipient(sql`SELECT ${subject}::text AS recipient_key`),
    store: storePendingRegistration(claimed, registration, sql`s.is_wanted`),
    tellOwner: queueNotice(ownerOf(address, secondFactors, storedNow), 'email_taken', { client }, metadata),
    queueMail: queueMail(toApplicant, mail, { client }, metadata),
    keepNothingUnsent: emptyPendingRegistration(id, sql`EXISTS (SELECT ${fromMailQueuedNow(mail)})`),
    issueLink: issueToken(sql`(${storedNow})`, token, {
      owner: sql`s.registration_id`,
      email: sql`s.email`,
    }),
    answer: sql<RequestRefusal>`
      SELECT ${secondsUntilRoomToRegister(count)} AS registrations,
        CASE WHEN NOT ${isStored} THEN ${secondsUntilClientHasRoom(client)} END AS mails`,
  };
  const { answer } = await db.batch('request-registration', steps, { isIdempotent: true });
  const refusal = answer[0];
  if (refusal === undefined) throw new TypeError('an answer must always have one row');
  return refusal;
}

/** The owner of an address of which nothing was stored since it is taken, as a source of `queueNotice`. */
function ownerOf(address: Address, secondFactors: readonly SecondFactor[], storedNow: Fragment): Fragment {
  return sql`
    SELECT o.user_id, o.recipient, ${address.keys[0]}::text AS recipient_key, o.is_verified, o.locale
    FROM (
      SELECT ${recipientColumns(sql`u`)} FROM users u
      WHERE ${hasAddress(sql`u`, address)} AND NOT ${canBeTakenOver(sql`u`, secondFactors)} AND NOT ${isReservedEmail(address.email)}::boolean
      ORDER BY lower(u.email) = ${address.email} DESC LIMIT 1
    ) o
    WHERE EXISTS (SELECT FROM (${storedNow}) a WHERE a.registration_id IS NULL)`;
}
