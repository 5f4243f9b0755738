import type { Database } from '../../../db/client.ts';
import { sql } from '../../../db/sql.ts';
import { asksForSecondFactor } from '../../../joints/ask-gates.sql.ts';
import type { SecondFactor } from '../../../joints/second-factor.ts';
import {
  type AttemptLimits,
  attemptBucket,
  clearAttempts,
  emailCodeSubject,
  reserveAttempt,
  secondsUntilOpen,
} from '../../../rate-limit/attempts.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import {
  consumedNow,
  consumeToken,
  holderOf,
  liveHashAmong,
  type PresentedOneTimeToken,
} from '../../one-time-tokens/index.ts';
import { recordEvents } from '../../security-events/index.ts';
import {
  type CallerIds,
  fromLiveSession,
  holdSession,
  type RenewedSessionRow,
  recordReauthentication,
  renewedBefore,
  renewedNow,
  renewSession,
  type SessionRenewal,
} from '../../sessions/index.ts';
import { lockUser } from '../../users/index.ts';
import { hasEmailCode } from '../has-email-code.sql.ts';

/**
 * Codes of an account that are checked, in whichever of its sessions: at most 720 a day of 10^8, whatever is mailed
 * meanwhile.
 */
export const checkLimits: AttemptLimits = { max: 5, windowSeconds: 600 };

/** A reserved check of a code. */
export interface ReservedCodeCheck {
  /** The bucket in which it counts. */
  readonly bucket: string;
  /** The presented hash under which a code is stored; null where none of them is. */
  readonly hash: string | null;
  /** 1 for the first of the window; null when none was left, and then nothing may be checked. */
  readonly number: number | null;
  /** The time until the window ends. */
  readonly retry_after_seconds: number;
}

/**
 * Reserves a check of a code. The first refused one of a window is recorded. Round trips: 1. Null when the session is not
 * live.
 */
export async function reserveCodeCheck(
  db: Database,
  caller: CallerIds,
  presented: readonly PresentedOneTimeToken[],
  metadata: RequestMetadata,
): Promise<ReservedCodeCheck | null> {
  const attemptId = crypto.randomUUID();
  const bucket = attemptBucket(sql`${`${emailCodeSubject}:`} || s.user_id`, sql`NULL`);
  const account = sql`(SELECT s.user_id, s.id AS session_id, ${bucket} AS bucket ${fromLiveSession(caller)})`;
  // What this attempt counted is its own until the transaction ends.
  const locked = sql`(
    SELECT c.user_id, c.session_id FROM ${account} c JOIN login_attempts t ON t.bucket = c.bucket
    WHERE t.last_attempt_id = ${attemptId}::uuid AND t.count > ${checkLimits.max}::int)`;
  const steps = {
    reserve: reserveAttempt(account, attemptId, checkLimits),
    recordLock: recordEvents(
      locked,
      { type: 'authn_login_lock', outcome: 'failure', method: 'email_code', isOncePerRequest: true },
      metadata,
    ),
    answer: sql<Omit<ReservedCodeCheck, 'number'>>`
      SELECT c.bucket, ${liveHashAmong(presented, sql`c.user_id`)} AS hash,
        ${secondsUntilOpen(sql`c`, checkLimits)} AS retry_after_seconds
      FROM ${account} c`,
  };
  const { reserve, answer } = await db.batch('reserve-code-check', steps, { isIdempotent: true });
  const [row] = answer;
  if (row === undefined) return null;
  const number = reserve[0]?.number;
  return { ...row, number: number !== undefined && number <= checkLimits.max ? number : null };
}

/** A session that authenticates again by a code. */
export interface EmailCodeRenewal {
  readonly caller: CallerIds;
  readonly presented: PresentedOneTimeToken;
  /** Where its check was counted. */
  readonly bucket: string;
  readonly renewal: SessionRenewal;
  readonly secondFactors: readonly SecondFactor[];
}

/**
 * Consumes the code and gives the session its new id, all or nothing, or records that the code is wrong: also where it is
 * used, expired, or was sent to another address than the account has, and where the account has got a password or a second
 * factor since. Round trips: 1. `gone` when the session is not live any longer. A repeat after a lost response finds what
 * the first run made.
 */
export async function renewByEmailCode(
  db: Database,
  { caller, presented, bucket, renewal, secondFactors }: EmailCodeRenewal,
  metadata: RequestMetadata,
): Promise<RenewedSessionRow | 'wrong' | 'gone'> {
  const { userId } = caller;
  const { operationId } = metadata;
  const holder = sql`(
    SELECT s.user_id ${fromLiveSession(caller)} AND ${hasEmailCode(sql`u`)} AND NOT ${asksForSecondFactor(secondFactors, sql`u`)}
      AND s.user_id IN (${holderOf(presented)}))`;
  const once = renewedNow(renewal);
  const steps = {
    holdUser: lockUser(userId),
    holdSession: holdSession(caller),
    consume: consumeToken(holder, presented, operationId),
    renew: renewSession(consumedNow(presented, operationId), renewal),
    clearAttempts: clearAttempts(bucket, once),
    record: recordReauthentication(renewal, 'email_code', metadata),
    // Under its former id the session is live only where it was not renewed.
    recordWrong: recordEvents(
      sql`(SELECT s.user_id, s.id AS session_id ${fromLiveSession(caller)})`,
      {
        ...{ type: 'authn_login_fail', outcome: 'failure', method: 'email_code', reason: 'wrong_code' },
        isOncePerRequest: true,
      },
      metadata,
    ),
    live: sql`SELECT s.id ${fromLiveSession(caller)}`,
    answer: renewedBefore(userId, renewal),
  };
  const { answer, live } = await db.batch('renew-by-email-code', steps, { isIdempotent: true });
  return answer[0] ?? (live.length > 0 ? 'wrong' : 'gone');
}
