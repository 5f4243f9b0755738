import type { Database } from '../../../db/client.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import { queueNotice } from '../../../mail/queue-mail.sql.ts';
import { type AttemptLimits, reserveAttempt, reservedBy } from '../../../rate-limit/attempts.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { knownDeviceId, ownDeviceId, type PresentedDevice } from '../../known-devices/index.ts';
import { consumedByUs, consumedNow, consumeToken, type LinkMail } from '../../one-time-tokens/index.ts';
import { beginSession, begunNow } from '../../sessions/index.ts';
import {
  type FirstStep,
  fromOpenChallenge,
  fromOpening,
  type OpeningRow,
  openingColumns,
  type PresentedChallenge,
  type SignedInRow,
  type SignInOpening,
  settleSignIn,
  tellNewDevice,
} from '../../sign-in/index.ts';
import { type NewTrustedDevice, trustDevice } from '../../trusted-devices/index.ts';
import { lockUser, owners } from '../../users/index.ts';
import {
  acceptedNow,
  acceptProof,
  type CheckCounter,
  countedDevice,
  isUnusedBackupCode,
  otherDevices,
  reservationSteps,
  sealedFactors,
  secondsUntilChecked,
  settleSecondFactor,
  withCheckBucket,
} from '../check/check.sql.ts';
import { type FoundProof, type PresentedProof, presentedHash, type Unaccepted } from '../check/proof.ts';
import { numberOf, type ReservedCheck } from '../check/reserve-session-check.sql.ts';

/** Codes that one challenge takes, whatever becomes of them (OTP-02). */
const tryLimits: AttemptLimits = { max: 5, windowSeconds: 600 };

/** The account of an open challenge, with a reserved check. */
export interface ChallengedAccount extends ReservedCheck {
  readonly first_step: FirstStep;
  /** Whether the account knows the device: else its owner is told of the sign-in. */
  readonly is_known_device: boolean;
}

/**
 * Finds the account of a challenge and reserves a check of its second factor: over all challenges, for each device by
 * itself that completed a second step before, and five times per challenge (OTP-02). Round trips: 1. Null when the
 * challenge is not open, or has taken its five codes.
 */
export async function reserveChallengeCheck(
  db: Database,
  challenge: PresentedChallenge,
  { device, proof }: { readonly device: PresentedDevice; readonly proof: PresentedProof },
  metadata: RequestMetadata,
): Promise<ChallengedAccount | null> {
  const attemptId = crypto.randomUUID();
  const tryBucket = `challenge:${challenge.hash}`;
  const found = sql`(
    SELECT u.id AS user_id, u.email, u.device_generation, t.challenge AS first_step ${fromOpenChallenge(challenge)})`;
  const account = withCheckBucket(
    sql`(
      SELECT o.user_id, NULL::uuid AS session_id, o.email, o.first_step, o.known_device_id IS NOT NULL AS is_known_device,
        ${countedDevice(sql`o.user_id`, ownDeviceId(sql`o.user_id`, device), otherDevices)} AS counted_device_id
      FROM (SELECT f.*, ${knownDeviceId(sql`f`, device)} AS known_device_id FROM ${found} f) o)`,
    proof,
  );
  const isTried = reservedBy(tryBucket, attemptId, tryLimits);
  const steps = {
    reserveTry: reserveAttempt(
      sql`(SELECT ${tryBucket}::text AS bucket FROM ${found} f)`,
      attemptId,
      tryLimits,
      'uncounted',
    ),
    ...reservationSteps(
      sql`(
        SELECT c.bucket, c.is_guessed, c.user_id, c.session_id FROM ${account} c WHERE ${isTried})`,
      attemptId,
      proof,
      metadata,
    ),
    answer: sql<Omit<ChallengedAccount, 'number'>>`
      SELECT c.*, ${sealedFactors(sql`c.user_id`)} AS factors,
        ${isUnusedBackupCode(sql`c.user_id`, presentedHash(proof))} AS is_backup_code,
        ${secondsUntilChecked} AS retry_after_seconds
      FROM ${account} c WHERE ${isTried}`,
  };
  const { reserve, reserveAmongGuesses, answer } = await db.batch('reserve-challenge-check', steps, {
    isIdempotent: true,
  });
  const [row] = answer;
  if (row === undefined) return null;
  return { ...row, number: numberOf([...reserve, ...reserveAmongGuesses], row, proof) };
}

/** The challenge while it is open: a SELECT, empty once it has ended. */
export function openChallenge(challenge: PresentedChallenge): Fragment {
  return sql`SELECT u.id ${fromOpenChallenge(challenge)}`;
}

/** A second step whose proof the Worker found. */
export interface SecondStep {
  readonly userId: string;
  readonly challenge: PresentedChallenge;
  readonly proof: FoundProof;
  readonly counter: CheckCounter;
  readonly opening: SignInOpening;
  /** For a device that the account does not know. */
  readonly newDeviceMail: LinkMail | null;
  /** Where the owner wants the device to be trusted. */
  readonly trusted: NewTrustedDevice | null;
}

/**
 * Accepts the proof, consumes the challenge and begins the session: all or nothing. Round trips: 1. `used` when the proof was
 * used before, `gone` when the challenge was consumed or ended since it was read: of parallel challenges with one code, and
 * of parallel uses of one challenge, one gets a row (OTP-01, OTP-09). A repeat after a lost response finds what
 * the first run began.
 */
export async function completeSecondStep(
  db: Database,
  { userId, challenge, proof, counter, opening, newDeviceMail, trusted }: SecondStep,
  metadata: RequestMetadata,
): Promise<SignedInRow | OpeningRow | Unaccepted> {
  const { operationId } = metadata;
  const once = begunNow(opening.session);
  const holder = sql`(SELECT u.id AS user_id ${fromOpenChallenge(challenge)})`;
  const { answer } = await db.batch(
    'complete-second-step',
    {
      holdUser: lockUser(userId),
      accept: sql`
        WITH accepted AS (${acceptProof(holder, proof, metadata)})
        ${consumeToken(sql`accepted`, challenge, operationId)}`,
      beginSession: beginSession(
        sql`SELECT c.user_id FROM ${consumedNow(challenge, operationId)} c`,
        opening,
      ),
      settle: settleSignIn(null, opening, metadata),
      ...opening.completion?.steps(once),
      settleSecondFactor: settleSecondFactor(once, counter, proof),
      trust: trusted && trustDevice(once, trusted),
      ...(newDeviceMail && tellNewDevice(newDeviceMail, opening, metadata, { isUserHeld: true })),
      ...(proof.kind === 'backup_code' && {
        tellOwner: queueNotice(
          owners(acceptedNow(userId, proof, metadata)),
          'backup_code_used',
          'recipient',
          metadata,
        ),
      }),
      answer: sql<(SignedInRow | OpeningRow) & { readonly is_open: boolean }>`
        SELECT EXISTS (SELECT ${fromOpenChallenge(challenge)}) AS is_open, x.*
        FROM (VALUES (1)) AS one LEFT JOIN (
          SELECT ${openingColumns(opening)} ${fromOpening(opening)}
          WHERE u.id = (SELECT c.user_id FROM ${consumedByUs(challenge, operationId)} c)
        ) x ON true`,
    },
    { isIdempotent: true },
  );
  const row = answer[0];
  if (row !== undefined && row.user_id !== null) return row;
  return row?.is_open ? 'used' : 'gone';
}
