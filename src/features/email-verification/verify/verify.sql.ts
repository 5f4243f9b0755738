import type { Database } from '../../../db/client.ts';
import { sql } from '../../../db/sql.ts';
import type { Credentials } from '../../../joints/closing.ts';
import type { AttemptLimits } from '../../../rate-limit/attempts.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import type { PresentedDevice } from '../../known-devices/index.ts';
import { holderBucket, type LinkHolder, reserveHolderCheck } from '../../link-holder/index.ts';
import {
  consumedByUs,
  consumedNow,
  fromLiveToken,
  type PresentedOneTimeToken,
} from '../../one-time-tokens/index.ts';
import { beginSession, type CallerIds, fromLiveSession } from '../../sessions/index.ts';
import {
  fromOpening,
  issueChallenge,
  type OpeningRow,
  openingColumns,
  type SignedInRow,
  type SignInOpening,
  settleSignIn,
} from '../../sign-in/index.ts';
import { lockUser, type UserRow, userColumns } from '../../users/index.ts';
import { verificationSteps } from './verification-steps.sql.ts';

/** The account whose address a live token verifies. */
export interface AccountHolder extends LinkHolder {
  readonly user_id: string;
  /** As it is stored. */
  readonly email: string;
}

/**
 * Finds whose address the token verifies and, if `isChecked`, reserves a check of the password. It counts with the logins
 * on the device. Round trips: 1. Null when the token cannot be consumed: it is expired, or its account is banned, deleted
 * or at another address.
 */
export async function findAccountHolder(
  db: Database,
  presented: PresentedOneTimeToken,
  { device, isChecked }: { readonly device: PresentedDevice; readonly isChecked: boolean },
  limits: AttemptLimits,
): Promise<AccountHolder | null> {
  const holder = sql`
    SELECT u.id AS user_id, u.email, u.password_hash, u.device_generation, u.address_key
    FROM (SELECT t.owner_id, t.email ${fromLiveToken(presented)}) k JOIN users u ON u.id = k.owner_id
    WHERE u.email = k.email AND u.banned_at IS NULL`;
  const [row] = await db.query(
    'find-verification-holder',
    reserveHolderCheck<AccountHolder>(holder, holderBucket(sql`o`, device), isChecked, limits),
    { isIdempotent: true },
  );
  return row ?? null;
}

/**
 * Verifies the address of the caller's account by a token of that account; at the first verification all its other
 * sessions end. Round trips: 1. Null when the session is not live, or the token belongs to another account.
 *
 * The account is held first, so that what follows sees what others did to it until then, such as ending this session or
 * requesting a change of the address (LNK-05). The answer is what was done, by this run or by an earlier one whose
 * response was lost.
 */
export async function verifyBySession(
  db: Database,
  presented: PresentedOneTimeToken,
  caller: CallerIds,
  credentials: readonly Credentials[],
  metadata: RequestMetadata,
): Promise<UserRow | null> {
  const isProved = sql`EXISTS (SELECT ${fromLiveSession(caller)})`;
  const steps = {
    holdUser: lockUser(caller.userId),
    ...verificationSteps({ presented, ...caller, isProved, metadata }, credentials),
    answer: sql<UserRow>`
      SELECT ${userColumns(sql`u`)}
      FROM ${consumedByUs(presented, metadata.operationId)} c JOIN users u ON u.id = c.user_id
      WHERE u.id = ${caller.userId}::uuid`,
  };
  const { answer } = await db.batch('verify-by-session', steps, { isIdempotent: true });
  return answer[0] ?? null;
}

/**
 * Verifies the address of an account whose password was correct, and begins a session, or issues a challenge where a second
 * factor must follow; at the first verification all other sessions end. Round trips: 1. Null when the token has been
 * consumed, or the account changed, since it was read.
 */
export async function verifyByPassword(
  db: Database,
  presented: PresentedOneTimeToken,
  holder: AccountHolder,
  opening: SignInOpening,
  credentials: readonly Credentials[],
  metadata: RequestMetadata,
): Promise<SignedInRow | OpeningRow | null> {
  const { user_id: userId, password_hash: passwordHash, email, bucket } = holder;
  const { id: sessionId } = opening.session;
  const isProved = sql`u.password_hash = ${passwordHash} AND u.email = ${email}`;
  const { operationId } = metadata;
  const owner = sql`SELECT c.user_id FROM ${consumedNow(presented, operationId)} c`;
  const steps = {
    holdUser: lockUser(userId),
    ...verificationSteps({ presented, userId, sessionId, isProved, metadata }, credentials),
    beginSession: beginSession(owner, opening),
    settle: settleSignIn(bucket, opening, metadata),
    issueChallenge: issueChallenge(owner, opening, bucket, metadata),
    answer: sql<SignedInRow | OpeningRow>`
      SELECT ${openingColumns(opening)} ${fromOpening(opening)}
      WHERE u.id = (SELECT c.user_id FROM ${consumedByUs(presented, operationId)} c)`,
  };
  const { answer } = await db.batch('verify-by-password', steps, { isIdempotent: true });
  return answer[0] ?? null;
}
