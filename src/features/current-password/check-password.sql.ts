import type { Database } from '../../db/client.ts';
import { sql } from '../../db/sql.ts';
import { refusedBy } from '../../joints/ask-gates.sql.ts';
import type { TypedEvent } from '../../joints/event-types.ts';
import type { GatedRow, GateRules } from '../../joints/gate.ts';
import { holdRecipient, queueNotice } from '../../mail/queue-mail.sql.ts';
import {
  type AttemptLimits,
  attemptBucket,
  reserveAttempt,
  secondsUntilOpen,
} from '../../rate-limit/attempts.sql.ts';
import type { RequestMetadata } from '../../request/request-metadata.ts';
import { recordEvents, recordedByUs, recordedNow } from '../security-events/index.ts';
import { type CallerIds, fromLiveSession } from '../sessions/index.ts';
import { addressKeyOf, owners } from '../users/index.ts';

/** The account of the caller. */
export interface CallerAccount extends GatedRow {
  readonly email: string;
  /** Null when the user has no password. */
  readonly password_hash: string | null;
}

/** A reserved check of the caller's password. */
export interface PasswordCheckAttempt extends CallerAccount {
  /** The bucket in which it counts. */
  readonly bucket: string;
  /** 1 for the first of the window; null when none was left, or a gate refused, and then nothing may be checked. */
  readonly number: number | null;
  /** The time until the window ends. */
  readonly retry_after_seconds: number;
}

/**
 * Reserves a check of the caller's password, if the gates let the caller pass, and reads what it needs. It counts with
 * the logins on the device that the session was opened on, so that neither is a way around the other's limit, and a
 * stranger who guesses elsewhere cannot lock out a live session (LIM-11); a legacy session counts as a device of its
 * own. The first refused check of a window is recorded, and told to the owner. Round trips: 1. Null when the session is
 * not live.
 */
export async function reservePasswordCheck(
  db: Database,
  { caller, gateRules }: { readonly caller: CallerIds; readonly gateRules: GateRules },
  limits: AttemptLimits,
  metadata: RequestMetadata,
): Promise<PasswordCheckAttempt | null> {
  const attemptId = crypto.randomUUID();
  const account = sql`(
    SELECT s.user_id, s.id AS session_id, ${attemptBucket(addressKeyOf(sql`u`), sql`coalesce(s.device_id, s.id)`)} AS bucket,
      u.email, u.password_hash, ${refusedBy(gateRules, { hasPassword: sql`true` })} AS refused_by ${fromLiveSession(caller)})`;
  // What this attempt counted is its own until the transaction ends. A repeat finds the record of the first run.
  const locked = sql`(
    SELECT c.user_id, c.session_id FROM ${account} c JOIN login_attempts t ON t.bucket = c.bucket
    WHERE t.last_attempt_id = ${attemptId}::uuid AND t.count > ${limits.max}::int
      AND NOT EXISTS (${recordedByUs(caller.userId, metadata.operationId)}))`;
  const told = owners(recordedNow(caller.userId, metadata.operationId));
  const steps = {
    reserve: reserveAttempt(
      sql`(SELECT c.bucket FROM ${account} c WHERE c.refused_by IS NULL)`,
      attemptId,
      limits,
    ),
    recordLock: recordEvents(
      locked,
      { type: 'authn_login_lock', outcome: 'failure', method: 'password' },
      metadata,
    ),
    holdRecipient: holdRecipient(told),
    tellOwner: queueNotice(told, 'password_check_locked', 'recipient', metadata),
    answer: sql<Omit<PasswordCheckAttempt, 'number'>>`
      SELECT c.bucket, c.email, c.password_hash, c.refused_by, ${secondsUntilOpen(sql`c`, limits)} AS retry_after_seconds
      FROM ${account} c`,
  };
  const results = await db.batch('reserve-password-check', steps, { isIdempotent: true });
  const [row] = results.answer;
  const [reserved] = results.reserve;
  if (row === undefined) return null;
  return {
    ...row,
    bucket: reserved?.bucket ?? row.bucket,
    number: reserved !== undefined && reserved.number <= limits.max ? reserved.number : null,
  };
}

/**
 * Returns the caller's account without counting anything. For an account that has a password, or a caller who presents
 * one, the password counts as one for the gates. Round trips: 1. Null when the session is not live.
 */
export async function findCallerAccount(
  db: Database,
  {
    caller,
    gateRules,
    hasPassword,
  }: { readonly caller: CallerIds; readonly gateRules: GateRules; readonly hasPassword: boolean },
): Promise<CallerAccount | null> {
  const isChecked = hasPassword ? sql`true` : sql`u.password_hash IS NOT NULL`;
  const refusal = refusedBy(gateRules, { hasPassword: isChecked });
  const statement = sql<CallerAccount>`SELECT u.email, u.password_hash, ${refusal} AS refused_by ${fromLiveSession(caller)}`;
  const [account] = await db.query('find-caller-account', statement, { isIdempotent: true });
  return account ?? null;
}

/** Why a check of the current password was refused, for the record alone. */
export type Refusal = TypedEvent<'authn_login_fail' | 'authn_password_change_fail'>;

/** Records that the caller was refused. Round trips: 1. */
export async function recordRefusal(
  db: Database,
  { userId, sessionId }: CallerIds,
  refusal: Refusal,
  metadata: RequestMetadata,
): Promise<void> {
  await db.query(
    'record-refusal',
    recordEvents(
      sql`(SELECT ${userId}::uuid AS user_id, ${sessionId}::uuid AS session_id)`,
      { ...refusal, outcome: 'failure', method: 'password' },
      metadata,
    ),
  );
}
