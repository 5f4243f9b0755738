import type { Address } from '../../../address-key.ts';
import type { Database } from '../../../db/client.ts';
import type { Effect, Effects } from '../../../db/effects.ts';
import { effectCtes } from '../../../db/fragments.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import {
  type AttemptLimits,
  accountSubject,
  attemptBucket,
  clearAttempts,
  reserveAttempt,
  secondsUntilOpen,
} from '../../../rate-limit/fragments.ts';
import type { RequestMetadata } from '../../../request-metadata.ts';
import { knownDeviceId, type PresentedDevice } from '../../known-devices/index.ts';
import {
  consumedBefore,
  consumeToken,
  deleteTokens,
  fromLiveToken,
  isHeldEmail,
  type PresentedOneTimeToken,
  revokeTokens,
} from '../../one-time-tokens/index.ts';
import {
  deletePendingRegistrations,
  dropPendingRegistrations,
  lockPendingRegistrations,
} from '../../pending-registrations/index.ts';
import {
  type CallerIds,
  endOtherSessions,
  evictOldest,
  fromLiveSession,
  type NewSession,
  openedBefore,
  openSession,
} from '../../sessions/index.ts';
import type { SignedInRow } from '../../sign-in/index.ts';
import {
  claimUnverifiedUser,
  insertVerifiedUser,
  isVerificationDue,
  isVerifiedNow,
  lockUser,
  lockUserOf,
  markVerified,
  type UserRow,
  userColumns,
} from '../../users/index.ts';

/** The token of a verification link, of an account or of a pending registration. */
export type VerificationToken = PresentedOneTimeToken & {
  readonly kind: 'verify_email' | 'confirm_registration';
};

/** The account or pending registration whose address a live token verifies. */
export interface TokenOwner {
  /** The id of the user, or of the pending registration. */
  readonly owner_id: string;
  /** Null for a pending registration. */
  readonly user_id: string | null;
  readonly email: string;
  /** Null when the user has no password. */
  readonly password_hash: string | null;
  /** For a pending registration: the subject of attempts while no account has the address. */
  readonly subject: string | null;
  /** The bucket that counts checks of the password. */
  readonly bucket: string;
  /** 1 for the first of the window; null when none was left or requested, and then nothing may be checked. */
  readonly number: number | null;
  /** The time until the window ends. */
  readonly retry_after_seconds: number;
}

type VerificationEffects = Pick<
  Effects,
  'userRegistered' | 'loggedIn' | 'firstVerified' | 'endedByVerification' | 'sessionEvicted'
>;

/**
 * Finds whose address the token verifies and, if `isChecked`, reserves a check of the password. For an account it
 * counts with the logins on the device; for a pending registration only with the other checks of its own links, so
 * that no stranger who guesses at the address can prevent its verification. A refused check is not counted: the first
 * refused login sends the owner a mail with an unlock link (LIM-13). Round trips: 1. Null when the token cannot be
 * consumed: it is expired, its account is banned, deleted or at another address, or another account has the address
 * of the pending registration.
 */
export async function findTokenOwner(
  db: Database,
  presented: VerificationToken,
  { device, isChecked }: { readonly device: PresentedDevice; readonly isChecked: boolean },
  limits: AttemptLimits,
): Promise<TokenOwner | null> {
  const isAccount = presented.kind === 'verify_email';
  const bucket = isAccount
    ? attemptBucket(accountSubject(sql`o`), knownDeviceId(sql`o`, device))
    : attemptBucket(sql`o.subject`, sql`o.owner_id`);
  const [row] = await db.query<TokenOwner>(
    'find-verification-owner',
    sql`
      WITH token AS (SELECT t.owner_id, t.email ${fromLiveToken(presented)}),
      owner AS (${isAccount ? accountOfToken() : pendingRegistrationOfToken()}),
      counted AS (SELECT ${bucket} AS bucket, o.* FROM owner o),
      reserved AS (${reserveAttempt(
        sql`(SELECT c.bucket FROM counted c WHERE ${isChecked}::boolean)`,
        crypto.randomUUID(),
        limits,
        'uncounted',
      )})
      SELECT c.owner_id, c.user_id, c.email, c.password_hash, c.subject, c.bucket, r.number, ${secondsUntilOpen(sql`c`, limits)} AS retry_after_seconds
      FROM counted c LEFT JOIN reserved r ON true`,
    { isIdempotent: true },
  );
  return row ?? null;
}

function accountOfToken(): Fragment {
  return sql`
    SELECT u.id AS owner_id, u.id AS user_id, u.email, u.password_hash, u.device_generation, u.address_key, NULL::text AS subject
    FROM token t JOIN users u ON u.id = t.owner_id
    WHERE u.email = t.email AND u.banned_at IS NULL`;
}

function pendingRegistrationOfToken(): Fragment {
  return sql`
    SELECT r.id AS owner_id, NULL::uuid AS user_id, r.email, r.password_hash, r.subject
    FROM token k JOIN registration_attempts r ON r.id = k.owner_id
    WHERE r.expires_at > now() AND NOT ${isHeldEmail(sql`r.email`)} AND NOT EXISTS (
      SELECT FROM users u WHERE lower(u.email) = r.email AND NOT ${canBeClaimed()}
    )`;
}

/** Whether somebody who proves the address of the user `u` may claim the account: it is unverified and not banned. */
function canBeClaimed(): Fragment {
  return sql`(${isVerificationDue(sql`u`)} AND u.banned_at IS NULL)`;
}

/** Records a wrong password; `userId` is null for a pending registration. Round trips: 1. */
export async function recordWrongPassword(
  db: Database,
  userId: string | null,
  metadata: RequestMetadata,
  onFailed: readonly Effect[],
): Promise<void> {
  await db.query(
    'record-wrong-password',
    sql`
      WITH failed AS (
        SELECT ${userId}::uuid AS user_id, NULL::uuid AS session_id, 'wrong_password'::text AS reason
      )${effectCtes(onFailed, 'failed', metadata)}
      SELECT 1 AS recorded`,
  );
}

/**
 * Verifies the address of the caller's account by a token of that account; at the first verification all its other
 * sessions end. Round trips: 1. Null when the session is not live, or the token belongs to another account.
 *
 * A batch, here and below: the account is locked first, so that the next statement sees what others did to it until
 * then, such as ending this session or requesting a change of the address (LNK-05). The last statement returns what
 * was made, by this run or by an earlier one whose response was lost.
 */
export async function verifyBySession(
  db: Database,
  presented: VerificationToken,
  caller: CallerIds,
  metadata: RequestMetadata,
  { firstVerified, endedByVerification }: VerificationEffects,
): Promise<UserRow | null> {
  const { userId, sessionId } = caller;
  const verify = sql`
    WITH holder AS MATERIALIZED (
      SELECT u.id AS user_id FROM users u
      WHERE u.id = ${userId}::uuid AND u.banned_at IS NULL AND EXISTS (SELECT ${fromLiveSession(caller)})
        AND EXISTS (SELECT ${fromLiveToken(presented)} AND t.email = u.email)
    ),
    consumed AS (${consumeToken(sql`holder`, presented, metadata.operationId)}),
    dropped AS (${dropPendingRegistrations(sql`consumed`)}),
    verified AS (${markVerified(sql`consumed`)}),
    proved AS (SELECT v.user_id, ${sessionId}::uuid AS session_id FROM verified v)${effectCtes(firstVerified, 'proved', metadata)}
    SELECT count(*)::int AS verified FROM proved`;
  const answer = sql`
    WITH owner AS (
      SELECT u.* FROM users u
      WHERE u.id = ${userId}::uuid AND EXISTS (${consumedBefore(presented, metadata.operationId)})
    ),
    first AS (SELECT o.id AS user_id FROM owner o WHERE ${isVerifiedNow(sql`o`)}),
    ended AS (${endOtherSessions(sql`first`, sessionId)})${effectCtes(endedByVerification, 'ended', metadata)}
    SELECT ${userColumns(sql`o`)} FROM owner o`;
  const steps = { holdUser: lockUser(userId), verify, answer };
  const { answer: rows } = await db.batch('verify-by-session', steps, { isIdempotent: true });
  return (rows[0] as UserRow | undefined) ?? null;
}

/**
 * Verifies the address of an account whose password was correct, and opens a session; at the first verification all
 * others end. Round trips: 1. Null when the token has been consumed, or the account changed, since it was read.
 */
export async function verifyByPassword(
  db: Database,
  presented: VerificationToken,
  owner: TokenOwner,
  session: NewSession,
  metadata: RequestMetadata,
  effects: VerificationEffects,
): Promise<SignedInRow | null> {
  const { firstVerified, loggedIn, sessionEvicted } = effects;
  const verify = sql`
    WITH holder AS MATERIALIZED (
      SELECT u.id AS user_id FROM users u
      WHERE u.id = ${owner.owner_id}::uuid AND u.password_hash = ${owner.password_hash} AND u.email = ${owner.email}
        AND u.banned_at IS NULL
    ),
    consumed AS (${consumeToken(sql`holder`, presented, metadata.operationId)}),
    opened AS (${openSession(sql`consumed`, session)})${effectCtes(loggedIn, 'opened', metadata)},
    evicted AS (${evictOldest(sql`consumed`, session.id)})${effectCtes(sessionEvicted, 'evicted', metadata)},
    dropped AS (${dropPendingRegistrations(sql`consumed`)}),
    verified AS (${markVerified(sql`consumed`)}),
    proved AS (SELECT v.user_id, ${session.id}::uuid AS session_id FROM verified v)${effectCtes(firstVerified, 'proved', metadata)},
    cleared AS (${clearAttempts(owner.bucket, sql`consumed`)})
    SELECT count(*)::int AS verified FROM consumed`;
  const steps = {
    holdUser: lockUser(owner.owner_id),
    verify,
    answer: signedInAnswer(session, metadata, effects),
  };
  const { answer } = await db.batch('verify-by-password', steps, { isIdempotent: true });
  return (answer[0] as SignedInRow | undefined) ?? null;
}

/**
 * Turns a pending registration whose password was correct into an account and opens its session: a new account, or
 * the existing one with this unverified address, of which only the id stays. All pending registrations of the address
 * are deleted. Round trips: 1. Null when another request was faster, or another account has the address. Attempts
 * counted for the address go on counting for the account.
 */
export async function confirmRegistration(
  db: Database,
  presented: VerificationToken,
  registration: TokenOwner & { readonly newUserId: string; readonly address: Address },
  session: NewSession,
  metadata: RequestMetadata,
  effects: VerificationEffects,
): Promise<SignedInRow | null> {
  const { userRegistered, loggedIn, firstVerified } = effects;
  const { email, newUserId, address } = registration;
  const confirm = sql`
    WITH holder AS MATERIALIZED (
      SELECT u.id AS user_id, ${canBeClaimed()} AS is_open FROM users u WHERE lower(u.email) = ${email}
    ),
    held AS MATERIALIZED (${lockPendingRegistrations(email, sql`holder`)}),
    chosen AS (
      SELECT h.id AS user_id, h.name, h.locale, h.password_hash FROM held h
      WHERE h.id = ${registration.owner_id}::uuid AND h.expires_at > now() AND NOT ${isHeldEmail(email)}
        AND NOT EXISTS (SELECT FROM holder o WHERE NOT o.is_open)
    ),
    consumed AS (${consumeToken(sql`chosen`, presented, metadata.operationId)}),
    proved AS (SELECT c.name, c.locale, c.password_hash FROM chosen c JOIN consumed s ON s.user_id = c.user_id),
    claimed AS (${claimUnverifiedUser(sql`holder`, sql`proved`)}),
    purged AS (${deleteTokens(sql`claimed`)}),
    created AS (${insertVerifiedUser(sql`(SELECT p.* FROM proved p WHERE NOT EXISTS (SELECT FROM holder))`, { id: newUserId, address })}),
    owner AS (SELECT t.user_id FROM claimed t UNION ALL SELECT c.user_id FROM created c),
    revoked AS (${revokeTokens(sql`(SELECT h.id AS user_id FROM held h, owner)`, ['confirm_registration'], presented)}),
    dropped AS (${deletePendingRegistrations(sql`held`, sql`owner`)}),
    opened AS (${openSession(sql`owner`, session)})${effectCtes([...loggedIn, ...firstVerified], 'opened', metadata)},
    begun AS (
      SELECT o.user_id, o.session_id FROM opened o JOIN created c ON c.user_id = o.user_id
    )${effectCtes(userRegistered, 'begun', metadata)},
    cleared AS (${clearAttempts(registration.bucket, sql`owner`)})
    SELECT count(*)::int AS confirmed FROM opened`;
  const steps = {
    holdUser: lockUserOf(email),
    confirm,
    answer: signedInAnswer(session, metadata, effects),
  };
  const { answer } = await db.batch('confirm-registration', steps, { isIdempotent: true });
  return (answer[0] as SignedInRow | undefined) ?? null;
}

/** The last statement of a sign-in: ends all other sessions at a first verification, and returns the result. */
function signedInAnswer(
  session: NewSession,
  metadata: RequestMetadata,
  { endedByVerification }: VerificationEffects,
): Fragment {
  return sql`
    WITH signed_in AS (${openedBefore(session.id)}),
    first AS (
      SELECT u.id AS user_id FROM signed_in i JOIN users u ON u.id = i.user_id WHERE ${isVerifiedNow(sql`u`)}
    ),
    ended AS (${endOtherSessions(sql`first`, session.id)})${effectCtes(endedByVerification, 'ended', metadata)}
    SELECT ${userColumns(sql`u`)}, u.device_generation, i.session_id, i.auth_time, i.expires_in
    FROM signed_in i JOIN users u ON u.id = i.user_id`;
}
