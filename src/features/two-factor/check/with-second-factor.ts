import type { Fragment } from '../../../db/sql.ts';
import type { Deps } from '../../../deps.ts';
import { type AuthError, commonErrors } from '../../../errors.ts';
import { proofErrors } from '../../../joints/errors.ts';
import { type GateRules, passGates } from '../../../joints/gate.ts';
import { tooManyAttempts } from '../../../rate-limit/attempts.ts';
import { giveAttemptBack } from '../../../rate-limit/give-attempt-back.sql.ts';
import { prepareLinkTo } from '../../one-time-tokens/index.ts';
import { type CallerIds, findGatedCaller } from '../../sessions/index.ts';
import { type CheckCounter, limitsOf } from './check.sql.ts';
import { type FoundProof, findProof, type PresentedProof, type Unaccepted } from './proof.ts';
import {
  liveAtGates,
  type ReservedCheck,
  recordMiss,
  reserveSessionCheck,
} from './reserve-session-check.sql.ts';

/** A proof within a session, and what it is for. */
export interface SecondFactorWork<Row extends object> {
  readonly caller: CallerIds;
  readonly proof: PresentedProof;
  /** The gates of a sensitive route; none where it is not one. */
  readonly gateRules: GateRules;
  /** Accepts the proof and does the work, or says why not. */
  readonly run: (proof: FoundProof, counter: CheckCounter) => Promise<Row | Unaccepted>;
}

/**
 * Does what a signed-in caller asks for once they have shown their second factor. The check is reserved before anything is
 * compared, and only a right code gives it back. Round trips: 2; 1 when none is left, or there is no second factor;
 * one more where a proof that was good when it was read has been used meanwhile.
 * @throws AuthError unauthenticated, invalid_code, too_many_attempts, misconfigured, or the refusal of a gate
 */
export async function withSecondFactor<Row extends object>(
  deps: Deps,
  work: SecondFactorWork<Row>,
): Promise<Row> {
  const { caller, proof, gateRules, run } = work;
  const reserved = passGates(gateRules, await reserveSessionCheck(deps.db, work, deps.metadata));
  const check = {
    ...{ reserved, sessionId: caller.sessionId, deviceId: reserved.device_id },
    live: liveAtGates(caller, gateRules),
    whyGone: async () => {
      passGates(gateRules, await findGatedCaller(deps.db, caller, gateRules));
      return commonErrors.unauthenticated();
    },
  };
  return checkReserved(deps, check, proof, run);
}

/** A check that was reserved, and where. */
interface Check {
  readonly reserved: ReservedCheck;
  readonly sessionId: string | null;
  /** What it came with: a SELECT, empty once the challenge or the session has ended, or a gate refuses by now. */
  readonly live: Fragment;
  /** What is said then. @throws AuthError the refusal of a gate */
  readonly whyGone: () => Promise<AuthError>;
  /** The device that is remembered when it succeeds. */
  readonly deviceId: string;
}

/**
 * Checks a proof for which a check was reserved, and runs what it is for.
 * @throws AuthError invalid_code, too_many_attempts, misconfigured
 * @throws AuthError challenge_expired, unauthenticated or the refusal of a gate where what it came with is no longer good,
 * which is no guess
 */
export async function checkReserved<Row extends object>(
  deps: Deps,
  { reserved, live, whyGone, sessionId, deviceId }: Check,
  presented: PresentedProof,
  run: SecondFactorWork<Row>['run'],
): Promise<Row> {
  const { db, mail, metadata } = deps;
  const rules = await deps.loadRules();
  const { user_id: userId, factors, number, bucket, email } = reserved;
  if (factors === null) throw proofErrors.invalid_code();
  const limits = limitsOf(presented, reserved.is_guessed);
  // Nobody can guess a backup code: once the account was guessed at, each is tried, and only those up to the limit are recorded.
  const isAlwaysTried = reserved.is_guessed && presented.kind === 'backup_code';
  if (number === null && !isAlwaysTried) {
    mail.sendSoon();
    throw tooManyAttempts(limits, reserved.retry_after_seconds);
  }
  const counter = { bucket, countedDeviceId: reserved.counted_device_id, deviceId };
  const known = { factors, is_backup_code: reserved.is_backup_code };
  const proof = await findProof(deps, presented, userId, known).catch(async (error: unknown) => {
    // Our fault: the caller's check must not be lost by it.
    await giveAttemptBack(db, bucket, limits);
    throw error;
  });
  const row = typeof proof === 'string' ? proof : await run(proof, counter);
  if (typeof row === 'object') return row;
  const refuse = async () => {
    await giveAttemptBack(db, bucket, limits);
    throw await whyGone();
  };
  if (row === 'gone') return refuse();
  if (number === null) throw proofErrors.invalid_code();
  // Prepared for every miss: only the statement knows which one is the last.
  const withdrawal = await prepareLinkTo(deps, email, 'password_withdrawn');
  const reason = row === 'wrong' ? 'wrong_code' : 'used_code';
  const miss = { userId, sessionId, live, counter, method: presented.kind, reason, withdrawal } as const;
  const isCounted = await recordMiss(db, miss, rules.credentials, metadata);
  if (!isCounted) return refuse();
  mail.sendSoon();
  throw proofErrors.invalid_code();
}
