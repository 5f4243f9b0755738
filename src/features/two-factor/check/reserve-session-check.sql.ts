import type { Database } from '../../../db/client.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import { passesGates, refusedBy } from '../../../joints/ask-gates.sql.ts';
import { type Credentials, closeWaysIn } from '../../../joints/closing.ts';
import type { GatedRow, GateRules } from '../../../joints/gate.ts';
import { fromMailQueuedNow, queueMail } from '../../../mail/queue-mail.sql.ts';
import type { CountedAttempt } from '../../../rate-limit/attempts.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { issueToken, type LinkMail } from '../../one-time-tokens/index.ts';
import { endedNow, recordEvents } from '../../security-events/index.ts';
import { type CallerIds, fromLiveSession, liveUnderAnyId, noteMissedSession } from '../../sessions/index.ts';
import { lockUser, owners } from '../../users/index.ts';
import {
  type CheckCounter,
  countedDevice,
  countedMiss,
  countMiss,
  guessedBy,
  isUnusedBackupCode,
  limitsOf,
  otherSessions,
  reservationSteps,
  sealedFactors,
  secondsUntilChecked,
  withCheckBucket,
} from './check.sql.ts';
import { type PresentedProof, presentedHash, type SealedFactor } from './proof.ts';

/** A reserved check of a second factor. */
export interface ReservedCheck {
  readonly user_id: string;
  /** As it is stored. */
  readonly email: string;
  /** The bucket in which it counts. */
  readonly bucket: string;
  /** UUID: of a device that completed a second step before, or what all others share. */
  readonly counted_device_id: string;
  /** Whether it counts among the few that are left since the second factor was guessed at. */
  readonly is_guessed: boolean;
  /** Null when the account has no second factor. */
  readonly factors: readonly SealedFactor[] | null;
  /** Whether the presented code is a backup code of the account that was not used. */
  readonly is_backup_code: boolean;
  /** 1 for the first of the window; null when none was left, and then nothing may be checked. */
  readonly number: number | null;
  /** The time until the window ends. */
  readonly retry_after_seconds: number;
}

/** One within a session. */
export type ReservedSessionCheck = ReservedCheck & GatedRow & { readonly device_id: string };

/**
 * Reserves a check of the caller's second factor, if there is one and the gates let the caller pass. It counts with the
 * second steps on the device that the session was opened on, if one was completed there; all other sessions share theirs
 * (LIM-11). Round trips: 1. Null when the session is not live.
 */
export async function reserveSessionCheck(
  db: Database,
  {
    caller,
    gateRules,
    proof,
  }: { readonly caller: CallerIds; readonly gateRules: GateRules; readonly proof: PresentedProof },
  metadata: RequestMetadata,
): Promise<ReservedSessionCheck | null> {
  const attemptId = crypto.randomUUID();
  const deviceId = sql`coalesce(s.device_id, s.id)`;
  const account = withCheckBucket(
    sql`(
      SELECT s.user_id, s.id AS session_id, u.email, ${deviceId}::text AS device_id,
        ${countedDevice(sql`s.user_id`, deviceId, otherSessions)} AS counted_device_id ${fromLiveSession(caller)})`,
    proof,
  );
  const checked = sql`(
    SELECT c.bucket, c.is_guessed, c.user_id, c.session_id FROM ${account} c
    WHERE EXISTS (SELECT ${fromLiveSession(caller)} AND ${passesGates(gateRules)}) AND ${sealedFactors(sql`c.user_id`)} IS NOT NULL)`;
  const steps = {
    ...reservationSteps(checked, attemptId, proof, metadata),
    judge: sql<GatedRow>`SELECT ${refusedBy(gateRules)} AS refused_by ${fromLiveSession(caller)}`,
    answer: sql<Omit<ReservedSessionCheck, 'number' | 'refused_by'>>`
      SELECT c.*, ${sealedFactors(sql`c.user_id`)} AS factors,
        ${isUnusedBackupCode(sql`c.user_id`, presentedHash(proof))} AS is_backup_code,
        ${secondsUntilChecked} AS retry_after_seconds
      FROM ${account} c`,
  };
  const { reserve, reserveAmongGuesses, judge, answer } = await db.batch('reserve-session-check', steps, {
    isIdempotent: true,
  });
  const [row] = answer;
  const [judged] = judge;
  if (row === undefined || judged === undefined) return null;
  return { ...row, ...judged, number: numberOf([...reserve, ...reserveAmongGuesses], row, proof) };
}

/** A session of which a check is good: a SELECT, empty once it has ended, or a gate refuses by now. */
export function liveAtGates(caller: CallerIds, gateRules: GateRules): Fragment {
  return sql`${liveUnderAnyId(caller)} AND ${passesGates(gateRules)}`;
}

/** The number of a reserved check, if it may be checked; of a backup code of an account that was guessed at, if it is counted. */
export function numberOf(
  reserved: readonly CountedAttempt[],
  { is_guessed: isGuessed }: Pick<ReservedCheck, 'is_guessed'>,
  proof: PresentedProof,
): number | null {
  const number = reserved[0]?.number;
  return number !== undefined && number <= limitsOf(proof, isGuessed).max ? number : null;
}

/** A wrong code. */
export interface Miss {
  readonly userId: string;
  readonly sessionId: string | null;
  /** What it came with: a SELECT, empty once the challenge or the session has ended. */
  readonly live: Fragment;
  readonly counter: CheckCounter;
  /** For the record alone. */
  readonly method: 'totp' | 'backup_code';
  readonly reason: 'wrong_code' | 'used_code';
  /** With a reset link, for when it is the last one. */
  readonly withdrawal: LinkMail;
}

/**
 * Counts and records a wrong code, and notes the session that it came by. After the fiftieth without a right one between them
 * the account is to be recovered, all or nothing: the password is withdrawn, the sessions that guessed end, and the owner gets
 * a reset link, since whoever guesses has passed the first step (OTP-14). Round trips: 1. False when the challenge or the
 * session has ended since it was read: then nothing is counted or recorded. A repeat after a lost response counts and mails
 * nothing again.
 */
export async function recordMiss(
  db: Database,
  { userId, sessionId, live, counter, method, reason, withdrawal }: Miss,
  credentials: readonly Credentials[],
  metadata: RequestMetadata,
): Promise<boolean> {
  const counted = countedMiss(userId, metadata);
  const once = guessedBy(userId, counter, metadata, { isOnce: true });
  const { mail, token } = withdrawal;
  const steps = {
    holdUser: lockUser(userId),
    countMiss: countMiss(userId, live, counter, metadata),
    noteSession: sessionId === null ? null : noteMissedSession({ userId, sessionId }),
    record: recordEvents(
      sql`(SELECT c.user_id, ${sessionId}::uuid AS session_id FROM (${counted}) c)`,
      { type: 'authn_login_fail', outcome: 'failure', method, reason, isOncePerRequest: true },
      metadata,
    ),
    ...closeWaysIn(credentials, {
      occasion: 'second_factor_guessed',
      owner: guessedBy(userId, counter, metadata, { isOnce: false }),
      ...{ ownerOnce: once, actingSessionId: null, since: null, ownLinks: [token.hash], metadata },
    }),
    recordWithdrawal: recordEvents(
      once,
      { type: 'user_updated', outcome: 'success', reason: 'password_withdrawn' },
      metadata,
    ),
    mailOwner: queueMail(owners(once), mail, 'none', metadata, { ended: endedNow(metadata) }),
    issueReset: issueToken(sql`(SELECT m.user_id, m.recipient ${fromMailQueuedNow(mail)})`, token, {
      ...{ owner: sql`s.user_id`, email: sql`s.recipient` },
    }),
    answer: counted,
  };
  const { answer } = await db.batch('record-second-factor-miss', steps, { isIdempotent: true });
  return answer.length > 0;
}
