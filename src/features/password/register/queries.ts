import type { Database } from '../../../db/client.ts';
import type { Effect } from '../../../db/effects.ts';
import { effectCtes } from '../../../db/fragments.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import { clientRefusal, mailAllowance, queueMail, queueNotice } from '../../../mail/fragments.ts';
import type { RequestMetadata } from '../../../request-metadata.ts';
import { isHeldEmail, issueToken } from '../../one-time-tokens/index.ts';
import { type PendingRegistration, storePendingRegistration } from '../../pending-registrations/index.ts';
import { type NewSession, openedBefore, openSession } from '../../sessions/index.ts';
import type { SignedInRow } from '../../sign-in/index.ts';
import { insertUser, isTakenEmail, isVerificationDue, type NewUser, userColumns } from '../../users/index.ts';
import type { CountedLinkMail } from '../fragments.ts';

/**
 * Creates a user and the first session, both or neither, and queues the verification mail within its limit. Round
 * trips: 1. Null when the address is taken, or its former owner can still have it back. A retry after a lost response
 * finds what the first run made, by the ids that both were given.
 *
 * A batch, since a retry that waited for its own first run sees the result only in a newer snapshot.
 */
export async function registerUser(
  db: Database,
  user: NewUser,
  session: NewSession,
  verification: CountedLinkMail | null,
  metadata: RequestMetadata,
  onRegistered: readonly Effect[],
): Promise<SignedInRow | null> {
  const create = sql`
    WITH created AS (${insertUser(user, sql`(${isTakenEmail(user.address.email)} OR ${isHeldEmail(user.address.email)})`)}),
    owner AS (SELECT c.id AS user_id FROM created c),
    opened AS (${openSession(sql`owner`, session)})${effectCtes(onRegistered, 'opened', metadata)}
    ${verification === null ? sql`` : verificationCtes(verification, metadata)}
    SELECT count(*)::int AS created FROM opened`;
  const answer = sql`
    WITH signed_in AS (${openedBefore(session.id)})
    SELECT ${userColumns(sql`u`)}, u.device_generation, i.session_id, i.auth_time, i.expires_in
    FROM users u JOIN signed_in i ON i.user_id = u.id WHERE u.id = ${user.id}::uuid`;
  const { answer: rows } = await db.batch('register-user', { create, answer }, { isIdempotent: true });
  return (rows[0] as SignedInRow | undefined) ?? null;
}

function verificationCtes({ token, mail, budget }: CountedLinkMail, metadata: RequestMetadata): Fragment {
  return sql`, ${mailAllowance(budget, { cause: sql`created` })},
    issued AS (${issueToken(sql`(SELECT c.id, c.email FROM created c, allowed)`, token, {
      owner: sql`s.id`,
      email: sql`s.email`,
    })}),
    queued AS (${queueMail(sql`issued`, mail, metadata, {
      recipient: sql`s.email`,
      locale: sql`NULL::text`,
      userId: sql`s.owner_id`,
    })})`;
}

/**
 * Stores a pending registration and queues the mail with its link. If a verified account has the address, or one that
 * is older than verification, its owner gets a notice instead and nothing of the registration is kept; nothing is
 * kept or sent either if the address is reserved, held for its former owner, or over its limit of mails. All cases
 * write the same number of rows, so that time reveals as little as the answer (ENU-04). A retry after a lost response
 * stores and sends nothing twice. Round trips: 1.
 * @returns null; for a client over its limit of mails, the seconds until it may try again, whatever the address: then
 * nothing is read, kept or sent
 */
export async function requestRegistration(
  db: Database,
  registration: PendingRegistration,
  isReserved: boolean,
  { token, mail, budget }: CountedLinkMail,
  metadata: RequestMetadata,
): Promise<number | null> {
  const { email } = registration;
  const [refusal] = await db.query<{ retryAfterSeconds: number }>(
    'request-registration',
    sql`
      WITH ${mailAllowance(budget)},
      judged AS (
        SELECT u.id AS user_id, u.email AS user_email, u.locale AS user_locale,
          a.bucket IS NOT NULL AND NOT ${isReserved}::boolean AND NOT ${isHeldEmail(email)} AS is_open,
          u.id IS NOT NULL AND NOT ${isVerificationDue(sql`u`)} AS is_taken
        FROM admitted
        LEFT JOIN allowed a ON true
        LEFT JOIN users u ON lower(u.email) = ${email}
      ),
      stored AS (${storePendingRegistration(sql`judged`, registration, sql`(s.is_open AND NOT s.is_taken)`)}),
      issued AS (${issueToken(sql`stored`, token, { owner: sql`s.registration_id`, email: sql`s.email` })}),
      addressed AS (
        SELECT i.email, j.user_id, j.user_email, j.user_locale, j.is_open AND j.is_taken AS is_owner_told
        FROM issued i, judged j
      ),
      queued AS (${queueMail(sql`(SELECT * FROM addressed d WHERE NOT d.is_owner_told)`, mail, metadata, {
        recipient: sql`s.email`,
        locale: sql`NULL::text`,
        userId: sql`NULL`,
      })}),
      told AS (${queueNotice(
        sql`(SELECT * FROM addressed d WHERE d.is_owner_told)`,
        'email_taken',
        metadata,
        {
          recipient: sql`s.user_email`,
          locale: sql`s.user_locale`,
          userId: sql`s.user_id`,
        },
      )})
      ${clientRefusal(budget)}`,
    { isIdempotent: true },
  );
  return refusal?.retryAfterSeconds ?? null;
}
