import type { Database } from '../../db/client.ts';
import { type Fragment, sql } from '../../db/sql.ts';
import type { EventReason } from '../../joints/event-types.ts';
import type { MailClient } from '../../mail/mail-client.ts';
import { holdBudgets, queueMail } from '../../mail/queue-mail.sql.ts';
import {
  type AttemptLimits,
  attemptBucket,
  isClosed,
  reserveAttempt,
  secondsUntilOpen,
} from '../../rate-limit/attempts.sql.ts';
import type { RequestMetadata } from '../../request/request-metadata.ts';
import { knownDeviceId } from '../known-devices/index.ts';
import type { LinkMail } from '../one-time-tokens/index.ts';
import { fromPendingRegistrationsOf, newestFirst } from '../pending-registrations/index.ts';
import { type EventKind, recordEvents } from '../security-events/index.ts';
import { type Opening, verdict } from '../sessions/index.ts';
import {
  fromOpening,
  type OpeningRow,
  openingColumns,
  openingSteps,
  type SignedInRow,
  type SignInOpening,
  tellNewDevice,
} from '../sign-in/index.ts';
import { fromAddress, replacePasswordHash, setAddressKeys } from '../users/index.ts';
import { issueUnlockLink, lockToTell } from './lock.sql.ts';
import type { LoginAttempt } from './login-attempt.ts';

const loginFailed: EventKind = {
  type: 'authn_login_fail',
  outcome: 'failure',
  method: 'password',
  hasSourceReason: true,
};
const loginLocked: EventKind = { type: 'authn_login_lock', outcome: 'failure', method: 'password' };

export interface Account {
  readonly user_id: string;
  /** As it is stored. */
  readonly email: string;
  readonly address_key: string | null;
  /** Null when the user has no password. */
  readonly password_hash: string | null;
  /** What the right password leads to. */
  readonly verdict: OpeningRow['verdict'];
}

/** A reserved login attempt, with its account. */
export interface ReservedAttempt {
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
 * Reserves an attempt at the account of the address and reads what a login needs to check a password. It counts under
 * the key of the address, in whatever spelling, and whether or not anybody has it (ENU-06). With
 * EMAIL_VERIFICATION=required, pending registrations are read as well. Round trips: 1.
 *
 * The first refused attempt of a window is recorded, and told to the owner, who alone learns of it (LIM-13); where the
 * budget of its client refuses the mail, the next refused attempt of another client sends it. The steps after the first
 * find nothing to do, and take no lock of the client, unless a lock is to be told.
 */
export async function reserveLoginAttempt(
  db: Database,
  attempt: LoginAttempt,
  opening: Opening,
  { lockMail, client }: { readonly lockMail: LinkMail; readonly client: MailClient },
  limits: AttemptLimits,
  metadata: RequestMetadata,
): Promise<ReservedAttempt> {
  const { email, address, device, subject } = attempt;
  const registration = opening.isVerificationRequired
    ? sql`(SELECT r.password_hash ${fromPendingRegistrationsOf(email.address)} AND c.user_id IS NULL ${newestFirst})`
    : sql`NULL::text`;
  const reserve = sql<AttemptRow>`
    WITH account AS (SELECT ${accountColumns(opening)}, u.device_generation ${fromAddress(email, address)}),
    counted AS (
      SELECT ${attemptBucket(sql`${subject}::text`, knownDeviceId(sql`a`, device))} AS bucket, a.*
      FROM (SELECT) one LEFT JOIN account a ON true
    ),
    reserved AS (${reserveAttempt(sql`(SELECT c.bucket FROM counted c WHERE NOT ${isClosed(sql`c`, limits)})`, attempt.id, limits)}),
    recorded AS (${recordEvents(
      sql`(SELECT c.user_id, NULL::uuid AS session_id FROM counted c, reserved r WHERE r.number > ${limits.max}::int)`,
      loginLocked,
      metadata,
    )})
    SELECT c.*, nullif(rs.number, ${limits.max}::int + 1) AS number,
      ${secondsUntilOpen(sql`c`, limits)} AS retry_after_seconds, ${registration} AS pending_password_hash
    FROM counted c LEFT JOIN reserved rs ON true`;
  const lock = lockToTell(attempt, lockMail, limits);
  const steps = {
    reserve,
    holdBudgets: holdBudgets(lock, client),
    queueLockMail: queueMail(lock, lockMail.mail, { client }, metadata),
    issueUnlockLink: issueUnlockLink(attempt, lockMail, limits),
  };
  const { reserve: rows } = await db.batch('reserve-login-attempt', steps, { isIdempotent: true });
  const row = rows[0];
  if (row === undefined) throw new TypeError('an attempt must always have one row');
  const { bucket, number, retry_after_seconds: retryAfterSeconds, user_id, ...others } = row;
  const { pending_password_hash: pendingPasswordHash, ...columns } = others;
  const account = user_id === null ? null : { ...columns, user_id };
  return { bucket, number, retryAfterSeconds, account, pendingPasswordHash };
}

interface AttemptRow extends Omit<Account, 'user_id'> {
  readonly bucket: string;
  readonly number: number | null;
  readonly retry_after_seconds: number;
  readonly user_id: string | null;
  readonly pending_password_hash: string | null;
}

/** Reads the account again for a reserved attempt. Round trips: 1. Null when nobody has the address any longer. */
export async function findAccount(
  db: Database,
  { email, address }: LoginAttempt,
  opening: Opening,
): Promise<Account | null> {
  const statement = sql<Account>`SELECT ${accountColumns(opening)} ${fromAddress(email, address)}`;
  const [account] = await db.query('find-account', statement, { isIdempotent: true });
  return account ?? null;
}

function accountColumns(opening: Opening): Fragment {
  return sql`u.id AS user_id, u.email, u.address_key, u.password_hash, ${verdict(opening)} AS verdict`;
}

/** Records a failed login; `userId` is null when nobody has the address. Round trips: 1. */
export async function recordFailedLogin(
  db: Database,
  failure: { readonly userId: string | null; readonly reason: EventReason<'authn_login_fail'> },
  metadata: RequestMetadata,
): Promise<void> {
  const source = sql`(
    SELECT ${failure.userId}::uuid AS user_id, NULL::uuid AS session_id, ${failure.reason}::text AS reason)`;
  await db.query('record-failed-login', recordEvents(source, loginFailed, metadata));
}

/** A password that was right a moment ago, and what signing in with it changes beside the session. */
export interface VerifiedPassword {
  readonly userId: string;
  readonly email: string;
  readonly passwordHash: string;
  /** A better hash of the same password. */
  readonly newHash: string | null;
  /** The key of the stored address where the account has none, or that of an earlier root. */
  readonly missingAddressKey: string | null;
  readonly bucket: string;
  /** Whether a second factor must follow, as far as was read. */
  readonly isChallenge: boolean;
  /** For a device that the account does not know; null where a challenge comes first. */
  readonly newDeviceMail: LinkMail | null;
}

/**
 * Begins a session for an account whose password was right, or issues the challenge where a second factor must follow.
 * Round trips: 1. Null when the password was changed, the user deleted or the second factor turned on or off since it was
 * read: the lock of the row makes a racing reset or ban wait until there is a session to end (SES-07).
 */
export async function openLoginSession(
  db: Database,
  verified: VerifiedPassword,
  opening: SignInOpening,
  metadata: RequestMetadata,
): Promise<SignedInRow | OpeningRow | null> {
  const { userId, passwordHash, newHash, newDeviceMail, missingAddressKey, isChallenge } = verified;
  const isVerified = sql`u.id = ${userId}::uuid AND u.password_hash = ${passwordHash}`;
  // With FOR SHARE two logins could both lock the row and then wait for each other's update.
  const lock = newHash === null && !isChallenge ? sql`FOR SHARE` : sql`FOR NO KEY UPDATE`;
  const holder = sql`(SELECT u.id AS user_id FROM users u WHERE ${isVerified})`;
  const user = { user_id: userId, email: verified.email };
  const steps = {
    holdUser: sql`SELECT u.id FROM users u WHERE ${isVerified} ${lock}`,
    ...openingSteps(sql`SELECT h.user_id FROM ${holder} h`, verified, opening, metadata),
    rehash: newHash === null ? null : replacePasswordHash(holder, passwordHash, newHash),
    fillAddressKey: missingAddressKey === null ? null : setAddressKeys([user], [missingAddressKey]),
    ...(newDeviceMail === null ? {} : tellNewDevice(newDeviceMail, opening, metadata)),
    answer: sql<SignedInRow | OpeningRow>`
      SELECT ${openingColumns(opening)} ${fromOpening(opening)}
      WHERE u.id = ${userId}::uuid AND (s.id IS NOT NULL OR u.password_hash = ANY (${[passwordHash, newHash]}::text[]))`,
  };
  const { answer } = await db.batch('open-login-session', steps, { isIdempotent: true });
  const row = answer[0];
  if (row === undefined) return null;
  const hasTurnedChallenge = row.session_id === null && row.verdict === 'challenge' && !isChallenge;
  return hasTurnedChallenge ? null : row;
}
