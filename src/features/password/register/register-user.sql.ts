import type { Database } from '../../../db/client.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import type { MailClient } from '../../../mail/mail-client.ts';
import { fromMailQueuedNow, holdClient, holdRecipient, queueMail } from '../../../mail/queue-mail.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { claimOn } from '../../addresses/index.ts';
import { issueToken, type LinkMail } from '../../one-time-tokens/index.ts';
import { type EventKind, recordEvents } from '../../security-events/index.ts';
import { beginSession, type Opening } from '../../sessions/index.ts';
import { fromOpening, type OpeningRow, openingColumns, type SignedInRow } from '../../sign-in/index.ts';
import {
  countRegistration,
  insertUser,
  isRegistrationCounted,
  type NewUser,
  type RegistrationCount,
  recipientColumns,
  secondsUntilRoomToRegister,
} from '../../users/index.ts';

const userCreated: EventKind = { type: 'user_created', outcome: 'success', method: 'password' };

/** What came of a registration that signs in at once. */
export type Registered =
  | { readonly outcome: 'created'; readonly row: SignedInRow | OpeningRow }
  /** The address is not free. */
  | { readonly outcome: 'taken' }
  /** The client is over its limit, and nothing was written. */
  | { readonly outcome: 'refused'; readonly retryAfterSeconds: number };

/** The mail with the verification link, counted for the client that registers. */
export interface VerificationMail extends LinkMail {
  readonly client: MailClient;
}

/**
 * Creates a user and the first session, both or neither, where nobody else has a claim on the address, and queues the
 * verification mail within its budgets. Round trips: 1. A repeat after a lost answer finds what the first run made, by
 * the ids that both were given.
 */
export async function registerUser(
  db: Database,
  user: NewUser,
  opening: Opening,
  count: RegistrationCount,
  verification: VerificationMail | null,
  metadata: RequestMetadata,
): Promise<Registered> {
  const { id, address } = user;
  const created = sql`
    SELECT u.id AS user_id, s.id AS session_id ${fromOpening(opening)} WHERE u.id = ${id}::uuid AND u.created_at = now()`;
  const steps = {
    ...countRegistration(count),
    holdClient: verification && holdClient(verification.client),
    createUser: insertUser(user, sql`(NOT ${isRegistrationCounted(count)} OR ${claimOn(address)} <> 'free')`),
    beginSession: beginSession(sql`SELECT u.id AS user_id FROM users u WHERE u.id = ${id}::uuid`, opening),
    record: recordEvents(sql`(${created})`, userCreated, metadata),
    ...(verification && verificationSteps(user, verification, metadata)),
    answer: sql<RefusedRow & (SignedInRow | OpeningRow)>`
      SELECT ${secondsUntilRoomToRegister(count)} AS refused_for, x.*
      FROM (VALUES (1)) AS one LEFT JOIN (
        SELECT ${openingColumns(opening)} ${fromOpening(opening)} WHERE u.id = ${id}::uuid
      ) x ON true`,
  };
  const { answer } = await db.batch('register-user', steps, { isIdempotent: true });
  const row = answer[0];
  if (row === undefined) throw new TypeError('an answer must always have one row');
  if (row.user_id !== null) return { outcome: 'created', row };
  return row.refused_for === null
    ? { outcome: 'taken' }
    : { outcome: 'refused', retryAfterSeconds: row.refused_for };
}

/** The columns of the user are null where none was created. */
interface RefusedRow {
  readonly refused_for: number | null;
}

function verificationSteps(
  { id, address }: NewUser,
  { client, mail, token }: VerificationMail,
  metadata: RequestMetadata,
): Readonly<Record<string, Fragment>> {
  const owner = sql`SELECT ${recipientColumns(sql`u`)} FROM users u WHERE u.id = ${id}::uuid AND u.created_at = now()`;
  const queued = sql`(SELECT m.user_id, m.recipient ${fromMailQueuedNow(mail)})`;
  return {
    holdRecipient: holdRecipient(sql`SELECT ${address.keys[0]}::text AS recipient_key`),
    queueMail: queueMail(owner, mail, { client }, metadata),
    issueLink: issueToken(queued, token, { owner: sql`s.user_id`, email: sql`s.recipient` }),
  };
}
