import type { Address } from '../../address-key.ts';
import type { Database } from '../../db/client.ts';
import type { Effect, Effects } from '../../db/effects.ts';
import { effectCtes } from '../../db/fragments.ts';
import { sql } from '../../db/sql.ts';
import type { PresentedEmail } from '../../presented-email.ts';
import {
  type AttemptLimits,
  attemptBucket,
  clearAttempts,
  reserveAttempt,
  secondsUntilOpen,
} from '../../rate-limit/fragments.ts';
import type { RequestMetadata } from '../../request-metadata.ts';
import { knownDeviceId, type PresentedDevice } from '../known-devices/index.ts';
import { fromPendingRegistrationsOf, newestFirst } from '../pending-registrations/index.ts';
import { evictOldest, type NewSession, openedBefore, openSession } from '../sessions/index.ts';
import type { SignedInRow } from '../sign-in/index.ts';
import { fromAddress, isVerificationDue, replacePasswordHash, userColumns } from '../users/index.ts';
import { type LockMail, lockMailCtes, type NewDeviceMail, newDeviceMailCtes } from './fragments.ts';

export interface Account {
  readonly id: string;
  /** Null when the user has no password. */
  readonly password_hash: string | null;
  readonly is_banned: boolean;
  /** Whether the address is unverified, unless the account is older than verification. */
  readonly is_unverified: boolean;
}

/** A reserved login attempt, with its account. */
export interface Attempt {
  /** The bucket in which it counts. */
  readonly bucket: string;
  /** 1 for the first of the window; null when none was left, and then nothing may be checked. */
  readonly number: number | null;
  /** The time until the window ends. */
  readonly retryAfterSeconds: number;
  /** Null when nobody has the address. */
  readonly account: Account | null;
  /** The hash of the newest pending registration, when nobody has the address. */
  readonly pendingPasswordHash: string | null;
}

/**
 * Reserves an attempt at the account of the address and reads what a login needs to check a password, in one
 * statement. It counts under the key of the address, in whatever spelling, and whether or not anybody has it (ENU-06).
 * The first refused attempt of a window triggers
 * `onLocked` and the mail to the owner, who alone learns of it (LIM-13). With EMAIL_VERIFICATION=required, pending
 * registrations are read as well. Round trips: 1.
 */
export async function reserveLoginAttempt(
  db: Database,
  login: {
    readonly email: PresentedEmail;
    readonly address: Address;
    readonly device: PresentedDevice;
    readonly lockMail: LockMail;
    readonly hasPendingRegistrations: boolean;
  },
  limits: AttemptLimits,
  metadata: RequestMetadata,
  onLocked: readonly Effect[],
): Promise<Attempt> {
  const [subject] = login.address.keys;
  const deviceId = knownDeviceId(sql`a`, login.device);
  const attemptId = crypto.randomUUID();
  const registration = login.hasPendingRegistrations
    ? sql`(SELECT r.password_hash ${fromPendingRegistrationsOf(login.email.address)} AND NOT EXISTS (SELECT FROM account) ${newestFirst})`
    : sql`NULL::text`;
  const [row] = await db.query<AttemptRow>(
    'reserve-login-attempt',
    sql`
      WITH account AS (
        SELECT u.id AS user_id, u.email, u.locale, u.password_hash, u.banned_at IS NOT NULL AS is_banned, u.device_generation,
          ${isVerificationDue(sql`u`)} AS is_unverified
        ${fromAddress(login.email, login.address)}
      ),
      counted AS (
        SELECT ${attemptBucket(sql`${subject}::text`, deviceId)} AS bucket, a.user_id, a.email, a.locale, a.password_hash, a.is_banned,
          a.is_unverified
        FROM (VALUES (1)) AS one LEFT JOIN account a ON true
      ),
      reserved AS (${reserveAttempt(sql`counted`, attemptId, limits)}),
      locked AS (
        SELECT c.user_id, NULL::uuid AS session_id, c.bucket, c.email, c.locale, c.is_banned
        FROM counted c, reserved r WHERE r.number > ${limits.max}::int
      )${effectCtes(onLocked, 'locked', metadata)}${lockMailCtes(sql`locked`, login.lockMail, metadata)}
      SELECT c.bucket, CASE WHEN r.number <= ${limits.max}::int THEN r.number END AS number, ${secondsUntilOpen(sql`c`, limits)} AS retry_after_seconds,
        c.user_id, c.password_hash, c.is_banned, c.is_unverified, ${registration} AS pending_password_hash
      FROM counted c LEFT JOIN reserved r ON true`,
    { isIdempotent: true },
  );
  if (row === undefined) throw new TypeError('an attempt must always have one row');
  const { bucket, number, retry_after_seconds: retryAfterSeconds, user_id: id, ...columns } = row;
  const { password_hash, is_banned, is_unverified, pending_password_hash: pendingPasswordHash } = columns;
  const account = id === null ? null : { id, password_hash, is_banned, is_unverified };
  return { bucket, number, retryAfterSeconds, account, pendingPasswordHash };
}

interface AttemptRow extends Omit<Account, 'id'> {
  readonly bucket: string;
  readonly number: number | null;
  readonly retry_after_seconds: number;
  readonly user_id: string | null;
  readonly pending_password_hash: string | null;
}

/** Reads the account again for a reserved attempt. Round trips: 1. Null when nobody has the address any longer. */
export async function findAccountByEmail(
  db: Database,
  email: PresentedEmail,
  address: Address,
): Promise<Account | null> {
  const [account] = await db.query<Account>(
    'find-account-by-email',
    sql`SELECT u.id, u.password_hash, u.banned_at IS NOT NULL AS is_banned, ${isVerificationDue(sql`u`)} AS is_unverified
      ${fromAddress(email, address)}`,
    { isIdempotent: true },
  );
  return account ?? null;
}

/** Records a failed login; `userId` is null when nobody has the address. Round trips: 1. */
export async function recordFailedLogin(
  db: Database,
  failure: { readonly userId: string | null; readonly reason: string },
  metadata: RequestMetadata,
  onFailed: readonly Effect[],
): Promise<void> {
  await db.query(
    'record-failed-login',
    sql`
      WITH failed AS (
        SELECT ${failure.userId}::uuid AS user_id, NULL::uuid AS session_id, ${failure.reason}::text AS reason
      )${effectCtes(onFailed, 'failed', metadata)}
      SELECT 1 AS recorded`,
  );
}

/** A login, and whether its device was new to the account. */
export type LoggedInRow = SignedInRow & { readonly is_new_device: boolean };

/**
 * Opens a session for an account whose password was correct, and replaces its hash if `newHash` is given; the
 * attempts of its bucket are reset, and a session beyond the limit ends. Round trips: 1. Null when the password was
 * changed, or the user banned or deleted, since it was read: the row lock makes a racing reset wait until there is a
 * session to end (SES-07). A sign-in on a device that the account does not know is reported to the owner by mail.
 */
export async function openLoginSession(
  db: Database,
  verified: {
    readonly userId: string;
    readonly passwordHash: string;
    readonly newHash: string | null;
    readonly bucket: string;
    readonly device: PresentedDevice;
    readonly newDeviceMail: NewDeviceMail;
  },
  session: NewSession,
  metadata: RequestMetadata,
  { loggedIn, sessionEvicted }: Pick<Effects, 'loggedIn' | 'sessionEvicted'>,
): Promise<LoggedInRow | null> {
  const { userId, passwordHash, newHash, device } = verified;
  // With FOR SHARE two logins could both lock the row and then wait for each other's update.
  const lock = newHash === null ? sql`FOR SHARE` : sql`FOR NO KEY UPDATE`;
  const rehash =
    newHash === null
      ? sql``
      : sql`, rehashed AS (${replacePasswordHash(sql`holder`, passwordHash, newHash)})`;
  const [row] = await db.query<LoggedInRow>(
    'open-login-session',
    sql`
      WITH holder AS MATERIALIZED (
        SELECT u.id AS user_id, u.email, u.locale, u.device_generation FROM users u
        WHERE u.id = ${userId}::uuid AND u.password_hash = ${passwordHash} AND u.banned_at IS NULL
        ${lock}
      )${rehash},
      opened AS (${openSession(sql`holder`, session)})${effectCtes(loggedIn, 'opened', metadata)},
      evicted AS (${evictOldest(sql`holder`, session.id)})${effectCtes(sessionEvicted, 'evicted', metadata)},
      cleared AS (${clearAttempts(verified.bucket, sql`holder`)}),
      new_device AS (
        SELECT h.user_id, h.email, h.locale FROM opened o JOIN holder h ON h.user_id = o.user_id
        WHERE ${knownDeviceId(sql`h`, device)} IS NULL
      )${newDeviceMailCtes(sql`new_device`, verified.newDeviceMail, metadata)},
      signed_in AS (SELECT * FROM opened UNION ALL ${openedBefore(session.id)})
      SELECT ${userColumns(sql`u`)}, u.device_generation, i.session_id, i.auth_time, i.expires_in,
        EXISTS (SELECT FROM new_device) AS is_new_device
      FROM signed_in i JOIN users u ON u.id = i.user_id`,
    { isIdempotent: true },
  );
  return row ?? null;
}
