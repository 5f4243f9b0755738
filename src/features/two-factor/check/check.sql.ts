import { type Fragment, sql } from '../../../db/sql.ts';
import { holdRecipient, queueNotice } from '../../../mail/queue-mail.sql.ts';
import {
  type AttemptLimits,
  attemptBucket,
  type CountedAttempt,
  clearAttempts,
  reserveAttempt,
  secondFactorSubject,
  secondsUntilOpen,
} from '../../../rate-limit/attempts.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { recordEvents, recordedOnceNow } from '../../security-events/index.ts';
import { owners, passSecondFactor } from '../../users/index.ts';
import type { FoundProof, PresentedProof } from './proof.ts';

/** Codes of an account and class of device that are checked (OTP-02). */
export const checkLimits: AttemptLimits = { max: 10, windowSeconds: 900 };

/** After so many wrong codes without a right one between them a recovery begins (OTP-14). */
export const missesMax = 50;

/** Codes that browsers that never completed a second step have together from then on, until one of them does. */
const guessedLimits: AttemptLimits = { max: 5, windowSeconds: 86_400 };

/** The limits of checks: others once the account was guessed at. Backup codes are checked all the same. */
export function limitsOf({ kind }: PresentedProof, isGuessed: boolean): AttemptLimits {
  return isGuessed && kind === 'totp' ? guessedLimits : checkLimits;
}

/** The devices of an account that are remembered for the second step; the oldest are forgotten (SES-20). */
const devicesMax = 50;

/** What sign-ins share on devices that never completed a second step. */
export const otherDevices = '00000000-0000-0000-0000-000000000000';

/**
 * What live sessions share on such devices: apart from the former, since whoever has got hold of a session need not know
 * the password, and must not pause the sign-ins of others (OTP-03).
 */
export const otherSessions = '00000000-0000-0000-0000-000000000001';

/**
 * The bucket of checks of the second factor of a user: over every channel, for each device by itself that completed a
 * second step before; `deviceId` is `otherDevices` or `otherSessions` for all others.
 */
export function checkBucket(userId: Fragment, deviceId: Fragment): Fragment {
  return attemptBucket(sql`${`${secondFactorSubject}:`} || ${userId}`, deviceId);
}

/** The authenticators of the user `userId`, as `SealedFactor[]`; null without any. */
export function sealedFactors(userId: Fragment): Fragment {
  return sql`(
    SELECT json_agg(json_build_object('id', f.id, 'secret', f.secret_sealed, 'last_step', f.last_step)) FROM factors f
    WHERE f.user_id = ${userId} AND f.kind = 'totp' AND f.added_at IS NOT NULL)`;
}

/** Whether the hash, which may be null, is that of a backup code of the user `userId` that was not used. */
export function isUnusedBackupCode(userId: Fragment, hash: string | null): Fragment {
  return sql`EXISTS (
    SELECT FROM backup_codes b
    WHERE b.user_id = ${userId} AND b.code_hash = decode(${hash}::text, 'hex') AND b.used_at IS NULL)`;
}

/** The id of a device as text, if the user `userId` completed a second step on it before; else what it shares. */
export function countedDevice(
  userId: Fragment,
  deviceId: Fragment,
  shared: typeof otherDevices | typeof otherSessions,
): Fragment {
  return sql`coalesce((
    SELECT d.device_id::text FROM second_factor_devices d
    WHERE d.user_id = ${userId} AND d.device_id = (${deviceId})::uuid AND d.completed_at IS NOT NULL), ${shared})`;
}

/**
 * Whether a check counts among the few that are left: the second factor of the user was guessed at on the very device, or
 * anywhere, where it comes from one on which nobody completed a second step.
 */
function isAmongGuesses(userId: Fragment, countedDeviceId: Fragment): Fragment {
  return sql`EXISTS (
      SELECT FROM second_factor_devices d WHERE d.user_id = ${userId} AND d.misses >= ${missesMax}::int
        AND (d.device_id::text = ${countedDeviceId} OR ${isShared(countedDeviceId)}))`;
}

function isShared(countedDeviceId: Fragment): Fragment {
  return sql`${countedDeviceId} IN (${otherDevices}, ${otherSessions})`;
}

/**
 * An account as `reservationSteps` and their answers take it, a sub-select. Where it was guessed at, devices that share theirs
 * count together, and backup codes by themselves: nobody can guess one, and whoever uses codes up must not keep the owner out.
 * @param account a sub-select with `user_id` and `counted_device_id`
 */
export function withCheckBucket(account: Fragment, { kind }: PresentedProof): Fragment {
  const isTogether =
    kind === 'backup_code' ? sql`g.is_guessed` : sql`g.is_guessed AND ${isShared(sql`g.counted_device_id`)}`;
  const together = kind === 'backup_code' ? 'backup-codes' : 'guessed';
  const counted = sql`CASE WHEN ${isTogether} THEN ${together} ELSE g.counted_device_id END`;
  return sql`(
    SELECT g.*, ${checkBucket(sql`g.user_id`, counted)} AS bucket
    FROM (SELECT k.*, ${isAmongGuesses(sql`k.user_id`, sql`k.counted_device_id`)} AS is_guessed FROM ${account} k) g)`;
}

/** The seconds until another code of the account `c` is checked. */
export const secondsUntilChecked: Fragment = sql`CASE WHEN c.is_guessed THEN ${secondsUntilOpen(sql`c`, guessedLimits)}
            ELSE ${secondsUntilOpen(sql`c`, checkLimits)} END`;

/**
 * The steps of a batch that reserve a check of the second factor: `reserve` returns `bucket` and `number`, of which one
 * above the limit must not be checked. The first refused check of a window is recorded, and told to the owner (LIM-13).
 * @param checked a sub-select with `bucket`, `is_guessed`, `user_id` and `session_id`, empty where nothing is to be counted
 */
export function reservationSteps(
  checked: Fragment,
  attemptId: string,
  { kind }: PresentedProof,
  metadata: RequestMetadata,
): Readonly<Record<'reserve' | 'reserveAmongGuesses', Fragment<CountedAttempt>>> &
  Readonly<Record<'recordLock' | 'holdRecipient' | 'tellOwner', Fragment>> {
  // What this attempt counted is its own until the transaction ends.
  const locked = sql`(
    SELECT c.user_id, c.session_id FROM ${checked} c JOIN login_attempts t ON t.bucket = c.bucket
    WHERE t.last_attempt_id = ${attemptId}::uuid
      AND ${kind === 'totp' ? sql`true` : sql`NOT c.is_guessed`}
      AND t.count > CASE WHEN c.is_guessed THEN ${guessedLimits.max}::int ELSE ${checkLimits.max}::int END)`;
  const told = owners(recordedOnceNow(metadata.operationId));
  const isFew = kind === 'totp' ? sql`c.is_guessed` : sql`false`;
  const counted = (condition: Fragment) => sql`(SELECT c.bucket FROM ${checked} c WHERE ${condition})`;
  return {
    reserve: reserveAttempt(counted(sql`NOT ${isFew}`), attemptId, checkLimits),
    reserveAmongGuesses: reserveAttempt(counted(isFew), attemptId, guessedLimits),
    recordLock: recordEvents(
      locked,
      { type: 'authn_login_lock', outcome: 'failure', method: 'second_factor', isOncePerRequest: true },
      metadata,
    ),
    holdRecipient: holdRecipient(told),
    tellOwner: queueNotice(told, 'second_factor_locked', 'recipient', metadata),
  };
}

/**
 * A statement, or the body of a CTE, that accepts the proof of the user in `owner`, a sub-select with `user_id`, and returns
 * the `user_id`. A time step counts once and in order, a backup code once (OTP-01, OTP-11): of parallel callers one gets a
 * row. Hold the user first.
 */
export function acceptProof(owner: Fragment, proof: FoundProof, { operationId }: RequestMetadata): Fragment {
  if (proof.kind === 'backup_code')
    return sql`
      UPDATE backup_codes b SET used_at = now(), used_by = ${operationId}::uuid FROM ${owner} o
      WHERE b.user_id = o.user_id AND b.code_hash = decode(${proof.hash}::text, 'hex') AND b.used_at IS NULL
      RETURNING b.user_id`;
  return sql`
    UPDATE factors f SET last_step = ${proof.step}::bigint, last_used_at = now(), last_used_by = ${operationId}::uuid
    FROM ${owner} o
    WHERE f.id = ${proof.factorId}::uuid AND f.user_id = o.user_id AND f.added_at IS NOT NULL
      AND coalesce(f.last_step < ${proof.step}::bigint, true)
    RETURNING f.user_id`;
}

/** The user whose proof this very transaction accepted, for what must happen once: a sub-select with `user_id`. */
export function acceptedNow(userId: string, proof: FoundProof, { operationId }: RequestMetadata): Fragment {
  if (proof.kind === 'backup_code')
    return sql`(
      SELECT b.user_id FROM backup_codes b
      WHERE b.user_id = ${userId}::uuid AND b.code_hash = decode(${proof.hash}::text, 'hex')
        AND b.used_by = ${operationId}::uuid AND b.used_at = now())`;
  return sql`(
    SELECT f.user_id FROM factors f
    WHERE f.id = ${proof.factorId}::uuid AND f.user_id = ${userId}::uuid AND f.last_used_by = ${operationId}::uuid
      AND f.last_used_at = now())`;
}

/** What a check was counted under, and the device that is noted when it succeeds. */
export interface CheckCounter {
  readonly bucket: string;
  /** UUID: of a device that completed a second step before, or what all others share. */
  readonly countedDeviceId: string;
  /** UUID. */
  readonly deviceId: string;
}

/**
 * A statement with what goes with a completed second step of the user in `owner`, a sub-select with `user_id`: the checks
 * are given back, the misses forgotten, the device is remembered, an operator's reset that waits is cancelled, and a recovery
 * that guesses began is over, if the proof is none that can be guessed there (OTP-14, OTP-15). Hold the user first.
 */
export function settleSecondFactor(
  owner: Fragment,
  { bucket, countedDeviceId: counted, deviceId }: CheckCounter,
  proof: Pick<FoundProof, 'kind'>,
): Fragment {
  const isBeyondGuessing = proof.kind === 'backup_code' || ![otherDevices, otherSessions].includes(counted);
  return sql`
    WITH cleared AS (${clearAttempts(bucket, owner)}),
    remembered AS (
      INSERT INTO second_factor_devices AS n (user_id, device_id, completed_at, added_at)
      SELECT o.user_id, ${deviceId}::uuid, now(), now() FROM ${owner} o
      ON CONFLICT (user_id, device_id) DO UPDATE SET completed_at = now(), misses = 0,
        added_at = CASE WHEN n.completed_at IS NULL THEN now() ELSE coalesce(n.added_at, n.completed_at) END
    ),
    forgiven AS (
      -- Whoever was guessed at anywhere has passed it by now.
      UPDATE second_factor_devices d SET misses = 0 FROM ${owner} o
      WHERE d.user_id = o.user_id AND d.device_id <> ${deviceId}::uuid
        AND (d.device_id = ${counted}::uuid OR d.misses >= ${missesMax}::int)
    ),
    forgotten AS (
      DELETE FROM second_factor_devices d WHERE (d.user_id, d.device_id) IN (
        SELECT x.user_id, x.device_id FROM second_factor_devices x JOIN ${owner} o ON o.user_id = x.user_id
        WHERE x.device_id <> ALL (ARRAY[${deviceId}, ${otherDevices}, ${otherSessions}]::uuid[])
        ORDER BY x.completed_at DESC NULLS LAST, x.device_id OFFSET ${devicesMax - 1}::int)
    )
    ${passSecondFactor(owner, { isBeyondGuessing })}`;
}

/**
 * A statement that counts a wrong code of the user, who is held: once, however often it runs, and only while what it came with
 * is live (OTP-14).
 * @param live a SELECT, empty once the challenge or the session has ended
 */
export function countMiss(
  userId: string,
  live: Fragment,
  { countedDeviceId }: CheckCounter,
  { operationId }: RequestMetadata,
): Fragment {
  return sql`
    INSERT INTO second_factor_devices AS d (user_id, device_id, misses, last_missed_at, last_missed_by)
    SELECT missed.id, ${countedDeviceId}::uuid, 1, now(), ${operationId}::uuid
    FROM users missed WHERE missed.id = ${userId}::uuid AND EXISTS (${live})
    ON CONFLICT (user_id, device_id) DO UPDATE SET misses = d.misses + 1, last_missed_at = now(),
      last_missed_by = excluded.last_missed_by
    WHERE d.last_missed_by IS DISTINCT FROM excluded.last_missed_by`;
}

/** The miss that this request counted, in this transaction or an earlier run of it: a SELECT of `user_id`. */
export function countedMiss(userId: string, { operationId }: RequestMetadata): Fragment {
  return sql`SELECT d.user_id FROM second_factor_devices d WHERE d.user_id = ${userId}::uuid AND d.last_missed_by = ${operationId}::uuid`;
}

/**
 * The user whose recovery begins since the miss that this request counted was the fiftieth in a row: a sub-select with
 * `user_id` and `session_id`. No later miss begins another one until a right code has cleared the count.
 * @param isOnce for this very transaction alone; else for a repeat as well
 */
export function guessedBy(
  userId: string,
  { countedDeviceId }: CheckCounter,
  { operationId }: RequestMetadata,
  { isOnce }: { readonly isOnce: boolean },
): Fragment {
  const once = isOnce ? sql`AND d.last_missed_at = now()` : sql``;
  return sql`(
    SELECT d.user_id, NULL::uuid AS session_id FROM second_factor_devices d
    WHERE d.user_id = ${userId}::uuid AND d.device_id = ${countedDeviceId}::uuid
      AND d.last_missed_by = ${operationId}::uuid AND d.misses = ${missesMax}::int ${once}
      AND NOT EXISTS (
        SELECT FROM second_factor_devices o
        WHERE o.user_id = d.user_id AND o.device_id <> d.device_id AND o.misses >= ${missesMax}::int))`;
}
