import type { Database } from '../../../db/client.ts';
import type { Effect, Effects } from '../../../db/effects.ts';
import { effectCtes } from '../../../db/fragments.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import type { OwnedTable } from '../../../feature.ts';
import {
  type AttemptLimits,
  accountSubject,
  attemptBucket,
  clearAttempts,
  deleteAttempts,
  reserveAttempt,
  secondsUntilOpen,
} from '../../../rate-limit/fragments.ts';
import type { RequestMetadata } from '../../../request-metadata.ts';
import {
  type CallerIds,
  endOtherSessions,
  fromLiveSession,
  isRecentlyAuthenticated,
  type RenewedSessionRow,
  rememberFormerId,
  renewedBefore,
  renewSession,
  type SessionRenewal,
} from '../../sessions/index.ts';
import { deleteUser, lockUser, lockUserForUpdate, setPasswordHash } from '../../users/index.ts';

/** The account of the caller. */
export interface CallerAccount {
  readonly email: string;
  /** Null when the user has no password. */
  readonly password_hash: string | null;
  /** Whether the session was authenticated within the last ten minutes. */
  readonly is_recent: boolean;
}

/** A reserved check of the caller's password. */
export interface PasswordCheckAttempt extends CallerAccount {
  /** The bucket in which it counts. */
  readonly bucket: string;
  /** 1 for the first of the window; null when none was left, and then nothing may be checked. */
  readonly number: number | null;
  /** The time until the window ends. */
  readonly retry_after_seconds: number;
}

/** The caller, on condition that the password is still the one that was verified. */
export interface VerifiedCaller extends CallerIds {
  /** Null for an account without a password. */
  readonly passwordHash: string | null;
  /** The bucket whose attempts are reset; null when none was counted. */
  readonly bucket: string | null;
}

/**
 * Reserves a check of the caller's password and reads what it needs, in one statement. It counts with the logins on
 * the device that the session was opened on, so that neither is a way around the other's limit, and a stranger who
 * guesses elsewhere cannot lock out a live session (LIM-11); a legacy session counts as a device of its own. The
 * first refused check of a window triggers `onLocked`. Round trips: 1. Null when the session is not live.
 */
export async function reservePasswordCheck(
  db: Database,
  caller: CallerIds,
  limits: AttemptLimits,
  metadata: RequestMetadata,
  onLocked: readonly Effect[],
): Promise<PasswordCheckAttempt | null> {
  const [row] = await db.query<PasswordCheckAttempt>(
    'reserve-password-check',
    sql`
      WITH caller AS (SELECT s.user_id, u.address_key, coalesce(s.device_id, s.id) AS device_id, ${accountColumns()} ${fromLiveSession(caller)}),
      counted AS (
        SELECT ${attemptBucket(accountSubject(sql`c`), sql`c.device_id`)} AS bucket, c.user_id, c.email, c.password_hash, c.is_recent
        FROM caller c
      ),
      reserved AS (${reserveAttempt(sql`counted`, crypto.randomUUID(), limits)}),
      locked AS (
        SELECT c.user_id, ${caller.sessionId}::uuid AS session_id FROM counted c, reserved r
        WHERE r.number > ${limits.max}::int
      )${effectCtes(onLocked, 'locked', metadata)}
      SELECT c.bucket, c.email, c.password_hash, c.is_recent,
        CASE WHEN r.number <= ${limits.max}::int THEN r.number END AS number, ${secondsUntilOpen(sql`c`, limits)} AS retry_after_seconds
      FROM counted c LEFT JOIN reserved r ON true`,
    { isIdempotent: true },
  );
  return row ?? null;
}

/** Returns the caller's account without counting anything. Round trips: 1. Null when the session is not live. */
export async function findCallerAccount(db: Database, caller: CallerIds): Promise<CallerAccount | null> {
  const [row] = await db.query<CallerAccount>(
    'find-caller-account',
    sql`SELECT ${accountColumns()} ${fromLiveSession(caller)}`,
    { isIdempotent: true },
  );
  return row ?? null;
}

/** Records that the caller was refused. Round trips: 1. */
export async function recordRefusal(
  db: Database,
  refusal: CallerIds & { readonly reason: string },
  metadata: RequestMetadata,
  onRefused: readonly Effect[],
): Promise<void> {
  const { userId, sessionId, reason } = refusal;
  await db.query(
    'record-refusal',
    sql`
      WITH refused AS (SELECT ${userId}::uuid AS user_id, ${sessionId}::uuid AS session_id, ${reason}::text AS reason)
      ${effectCtes(onRefused, 'refused', metadata)}
      SELECT 1 AS recorded`,
  );
}

/**
 * Gives the caller's session its new id. Round trips: 1. Null when the password was changed, or the session ended,
 * since it was read. A retry after a lost response finds what the first run made; where the two ran at the same time
 * it can be null as well, and the next call finds it.
 */
export async function renewCallerSession(
  db: Database,
  verified: VerifiedCaller,
  renewal: SessionRenewal,
  metadata: RequestMetadata,
  onReauthenticated: readonly Effect[],
): Promise<RenewedSessionRow | null> {
  const [row] = await db.query<RenewedSessionRow>(
    'renew-caller-session',
    sql`
      WITH holder AS MATERIALIZED (${lockedAccount(verified, sql`FOR SHARE`)}),
      renewed AS (${renewSession(sql`holder`, renewal)})${effectCtes(onReauthenticated, 'renewed', metadata)},
      remembered AS (${rememberFormerId(sql`renewed`, renewal)})
      ${clearedCte(verified)}
      SELECT * FROM renewed UNION ALL ${renewedBefore(verified.userId, renewal)}`,
    { isIdempotent: true },
  );
  return row ?? null;
}

/**
 * Changes the caller's password, gives the session its new id and ends all other sessions: all or nothing. Reset
 * links stay valid, or whoever knows this password could keep the owner from using them. Round trips: 1. Null as for
 * `renewCallerSession`.
 *
 * A batch: the account is locked first, so that the next statements see what others did to it until then, such as a
 * session that a login opened or a requested change of the address. A later login finds another hash (SES-07,
 * LNK-05). A retry also ends sessions that were opened in between, if any.
 */
export async function changePassword(
  db: Database,
  verified: VerifiedCaller,
  renewal: SessionRenewal,
  newHash: string,
  metadata: RequestMetadata,
  { passwordChanged, endedByPasswordChange }: Pick<Effects, 'passwordChanged' | 'endedByPasswordChange'>,
): Promise<RenewedSessionRow | null> {
  const change = sql`
    WITH holder AS MATERIALIZED (${lockedAccount(verified, sql`FOR NO KEY UPDATE`)}),
    renewed AS (${renewSession(sql`holder`, renewal)})${effectCtes(passwordChanged, 'renewed', metadata)},
    remembered AS (${rememberFormerId(sql`renewed`, renewal)}),
    changed AS (${setPasswordHash(sql`renewed`, newHash)})
    ${clearedCte(verified)}
    SELECT * FROM renewed UNION ALL ${renewedBefore(verified.userId, renewal)}`;
  const endOthers = sql`
    WITH changed AS (
      SELECT u.id AS user_id FROM users u WHERE u.id = ${verified.userId}::uuid AND u.password_hash = ${newHash}
    ),
    ended AS (${endOtherSessions(sql`changed`, renewal.newId)})${effectCtes(endedByPasswordChange, 'ended', metadata)}
    SELECT count(*)::int AS ended FROM ended`;
  const steps = { holdUser: lockUser(verified.userId), change, endOthers };
  const { change: rows } = await db.batch('change-password', steps, { isIdempotent: true });
  return (rows[0] as RenewedSessionRow | undefined) ?? null;
}

/**
 * Deletes the caller's account with everything that references it. Round trips: 1. False when the password was
 * changed, or the session ended, since it was read; also true for a retry after a lost response, once the account is
 * deleted.
 *
 * A batch: the account is locked first, so that a session that ended until then no longer counts. The last statement
 * deletes what others stored in the meantime and no foreign key covers (PRV-03, PRV-04).
 */
export async function deleteAccount(
  db: Database,
  verified: VerifiedCaller,
  metadata: RequestMetadata,
  tables: readonly OwnedTable[],
  { accountDeleted }: Pick<Effects, 'accountDeleted'>,
): Promise<boolean> {
  const { userId } = verified;
  const remove = sql`
    WITH holder AS MATERIALIZED (${lockedAccount(verified, sql`FOR UPDATE`)}),
    deleted AS (${deleteUser(sql`holder`)})${effectCtes(accountDeleted, 'deleted', metadata)},
    forgotten AS (${deleteAttempts(sql`deleted`)})
    SELECT count(*)::int AS deleted FROM deleted`;
  const gone = sql`(
    SELECT ${userId}::uuid AS user_id WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = ${userId}::uuid))`;
  const rest = tables.flatMap(({ atDeletion }) =>
    typeof atDeletion === 'object' && 'step' in atDeletion
      ? [[atDeletion.step, atDeletion.statement(gone)] as const]
      : [],
  );
  const steps = { holdUser: lockUserForUpdate(userId), remove, ...Object.fromEntries(rest) };
  const answer = sql`SELECT g.user_id FROM ${gone} g`;
  const results = await db.batch('delete-account', { ...steps, answer }, { isIdempotent: true });
  return results.answer.length > 0;
}

function accountColumns(): Fragment {
  return sql`u.email, u.password_hash, ${isRecentlyAuthenticated(sql`s`)} AS is_recent`;
}

/** The account while its password is the verified one and the session is live; its row is locked before any other. */
function lockedAccount({ userId, sessionId, passwordHash }: VerifiedCaller, lock: Fragment): Fragment {
  return sql`
    SELECT u.id AS user_id, ${sessionId}::uuid AS session_id FROM users u
    WHERE u.id = ${userId}::uuid AND u.password_hash IS NOT DISTINCT FROM ${passwordHash}::text
      AND EXISTS (SELECT ${fromLiveSession({ userId, sessionId })})
    ${lock}`;
}

function clearedCte({ bucket }: VerifiedCaller): Fragment {
  return bucket === null ? sql`` : sql`, cleared AS (${clearAttempts(bucket, sql`renewed`)})`;
}
