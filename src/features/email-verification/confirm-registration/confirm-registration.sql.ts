import type { Address } from '../../../address/address-key.ts';
import type { Database } from '../../../db/client.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import type { Rules } from '../../../deps.ts';
import { closeWaysIn } from '../../../joints/closing.ts';
import { tableSteps } from '../../../joints/owned-table.ts';
import type { SecondFactor } from '../../../joints/second-factor.ts';
import { queueNotice } from '../../../mail/queue-mail.sql.ts';
import { type AttemptLimits, attemptBucket } from '../../../rate-limit/attempts.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { type Claim, claimOn, isKeptBySecondFactor } from '../../addresses/index.ts';
import { type LinkHolder, reserveHolderCheck } from '../../link-holder/index.ts';
import {
  consumedByUs,
  consumedNow,
  consumeToken,
  fromLiveToken,
  type PresentedOneTimeToken,
} from '../../one-time-tokens/index.ts';
import { holdPendingRegistrations } from '../../pending-registrations/index.ts';
import { endedNow } from '../../security-events/index.ts';
import { beginSession } from '../../sessions/index.ts';
import {
  fromOpening,
  issueChallenge,
  type OpeningRow,
  openingColumns,
  type SignedInRow,
  type SignInOpening,
} from '../../sign-in/index.ts';
import { lockUserOf, owners } from '../../users/index.ts';
import { claimAddress, provedBy, settleClaim } from './claim.sql.ts';

/** The pending registration whose address a live token verifies. */
export interface RegistrationHolder extends LinkHolder {
  readonly registration_id: string;
  /** Canonical. */
  readonly email: string;
  /** Whether an account has the address that asks for a second factor: it is not taken over. */
  readonly is_kept: boolean;
}

/** What becomes of a pending registration. */
export interface Confirmation {
  readonly presented: PresentedOneTimeToken;
  readonly registration: RegistrationHolder;
  readonly address: Address;
  /** The id of the account where nobody has the address: UUID created by the Worker before the first try. */
  readonly newUserId: string;
  readonly opening: SignInOpening;
}

/**
 * Finds the pending registration whose address the token verifies and, if `isChecked`, reserves a check of its password.
 * It counts with the other checks of its own links alone, so that no stranger who guesses at the address can prevent its
 * verification. Round trips: 1. Null when the token cannot be consumed: it is expired, or the address is not to be had.
 */
export async function findRegistrationHolder(
  db: Database,
  presented: PresentedOneTimeToken,
  isChecked: boolean,
  secondFactors: readonly SecondFactor[],
  limits: AttemptLimits,
): Promise<RegistrationHolder | null> {
  const address = { email: sql`r.email`, keys: sql`ARRAY[r.subject]` };
  const isKept = isKeptBySecondFactor(address, secondFactors);
  const claim = claimOn(address, { isMailboxProved: true, secondFactors });
  const registration = sql`FROM (SELECT t.owner_id ${fromLiveToken(presented)}) k
    JOIN registration_attempts r ON r.id = k.owner_id WHERE r.expires_at > now()`;
  const holder = sql`
    SELECT r.id AS registration_id, NULL::uuid AS user_id, r.email, r.password_hash, r.subject, ${isKept} AS is_kept
    ${registration}`;
  const steps = {
    judge: sql<{ readonly claim: Claim }>`SELECT ${claim} AS claim ${registration}`,
    find: reserveHolderCheck<RegistrationHolder>(
      holder,
      attemptBucket(sql`o.subject`, sql`o.registration_id`),
      isChecked && sql`NOT c.is_kept`,
      limits,
    ),
  };
  const { judge, find } = await db.batch('find-registration-holder', steps, { isIdempotent: true });
  const [row] = find;
  const claimed = judge[0]?.claim;
  return row !== undefined && (row.is_kept || claimed === 'free' || claimed === 'open') ? row : null;
}

/**
 * Turns a pending registration whose password was correct into an account and begins its session: a new account, or the
 * existing one with this unverified address, of which only the id stays. All pending registrations of the address are
 * deleted. Round trips: 1. Null when another request was faster, or another account has the address. Attempts counted for
 * the address go on counting for the account.
 */
export async function confirmRegistration(
  db: Database,
  { presented, registration, address, newUserId, opening }: Confirmation,
  { credentials, tables, secondFactors }: Pick<Rules, 'credentials' | 'tables' | 'secondFactors'>,
  metadata: RequestMetadata,
): Promise<SignedInRow | OpeningRow | null> {
  const { registration_id: registrationId, email, bucket } = registration;
  const consumed = consumedNow(presented, metadata.operationId);
  const proved = provedBy(consumed, address);
  const provedByUs = provedBy(consumedByUs(presented, metadata.operationId), address);
  const pending = sql`(
    SELECT r.id AS user_id FROM registration_attempts r
    WHERE r.id = ${registrationId}::uuid AND r.expires_at > now()
      AND ${claimOn(address, { isMailboxProved: true, secondFactors })} IN ('free', 'open'))`;
  const takenOver = (owner: Fragment) =>
    sql`(SELECT p.* FROM ${owner} p WHERE p.user_id <> ${newUserId}::uuid)`;
  const steps = {
    holdUser: lockUserOf(address),
    holdRegistrations: holdPendingRegistrations(email),
    consume: consumeToken(pending, presented, metadata.operationId),
    claim: claimAddress(consumed, address, newUserId, secondFactors),
    ...closeWaysIn(credentials, {
      occasion: 'taken_over',
      owner: takenOver(provedByUs),
      ownerOnce: takenOver(proved),
      actingSessionId: opening.session.id,
      since: null,
      metadata,
    }),
    ...tableSteps(tables, 'atTakeOver', takenOver(proved)),
    tellOwner: queueNotice(owners(takenOver(proved)), 'account_taken_over', 'none', metadata, {
      ended: endedNow(metadata),
    }),
    beginSession: beginSession(proved, opening),
    settle: settleClaim(consumed, proved, { newUserId, opening, bucket }, metadata),
    issueChallenge: issueChallenge(proved, opening, bucket, metadata),
    answer: sql<SignedInRow | OpeningRow>`
      SELECT ${openingColumns(opening)} ${fromOpening(opening)}
      WHERE u.id = (SELECT p.user_id FROM ${provedByUs} p)`,
  };
  const { answer } = await db.batch('confirm-registration', steps, { isIdempotent: true });
  return answer[0] ?? null;
}
