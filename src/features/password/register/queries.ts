import type { Database } from '../../../db/client.ts';
import type { Effect, RequestMetadata } from '../../../db/effects.ts';
import { effectCtes } from '../../../db/fragments.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import { clientRefusal, mailAllowance, queueMail, queueNotice } from '../../../mail/fragments.ts';
import { adoptAttempts } from '../../../rate-limit/fragments.ts';
import { isHeldEmail, issueToken } from '../../one-time-tokens/index.ts';
import { type PendingRegistration, storePendingRegistration } from '../../pending-registrations/index.ts';
import { type NewSession, openedBefore, openSession } from '../../sessions/index.ts';
import type { SignedInRow } from '../../sign-in/index.ts';
import { insertUser, isTakenEmail, isVerificationDue, type NewUser, userColumns } from '../../users/index.ts';
import type { CountedLinkMail } from '../fragments.ts';

/**
 * Creates a user and opens their first session, both or neither, and queues the mail to verify the address within its
 * limit. Round trips: 1. Null when the address is taken, or its former owner can still have it back. A repeat after a lost
 * answer finds what the first run made, by the ids that both were given. Attempts at the address, counted under `subject`,
 * count on.
 *
 * A batch, since a repeat that has to wait for its own first run finds what that made in a newer snapshot alone.
 */
export async function registerUser(
  db: Database,
  user: NewUser & { readonly subject: string },
  session: NewSession,
  verification: CountedLinkMail | null,
  metadata: RequestMetadata,
  onRegistered: readonly Effect[],
): Promise<SignedInRow | null> {
  const create = sql`
    WITH created AS (${insertUser(user, sql`(${isTakenEmail(user.email)} OR ${isHeldEmail(user.email)})`)}),
    owner AS (SELECT c.id AS user_id FROM created c),
    opened AS (${openSession(sql`owner`, session)})${effectCtes(onRegistered, 'opened', metadata)}
    ${verification === null ? sql`` : verificationCtes(verification, metadata)},
    adopted AS (${adoptAttempts(user.subject, sql`owner`)})
    SELECT count(*)::int AS created FROM opened`;
  const answer = sql`
    WITH signed_in AS (${openedBefore(session.id)})
    SELECT ${userColumns(sql`u`)}, u.device_generation, i.session_id, i.auth_time, i.expires_in
    FROM users u JOIN signed_in i ON i.user_id = u.id WHERE u.id = ${user.id}::uuid`;
  const [, rows] = await db.batch([create, answer], { isIdempotent: true });
  return (rows as SignedInRow[] | undefined)?.[0] ?? null;
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
 * Keeps a sign-up until its link is followed, and queues the mail with the link. Where the address has an account that is
 * verified, or from before there was verification, its owner is told instead and nothing of the sign-up is kept; nothing
 * is kept or sent either where the address is reserved, held for its former owner, or over its limit of mails. Each writes
 * as many rows as the others, so that time tells them apart as little as the answer does (ENU-04). A repeat
 * after a lost answer keeps and sends nothing twice. Round trips: 1.
 * @returns null; the seconds until it may try again for a client that has caused as many mails as it may, whatever address
 * it asks for: nothing of that is looked at, kept or sent
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
