import type { Address } from '../../../address/address-key.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import type { SecondFactor } from '../../../joints/second-factor.ts';
import { clearAttempts } from '../../../rate-limit/attempts.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { canBeTakenOver } from '../../addresses/index.ts';
import { dropPendingRegistrations } from '../../pending-registrations/index.ts';
import { type EventKind, recordEvents } from '../../security-events/index.ts';
import { begunNow, type Opening } from '../../sessions/index.ts';
import { signedIn } from '../../sign-in/index.ts';
import { claimUnverifiedUser, hasAddress, insertVerifiedUser } from '../../users/index.ts';
import { emailVerified } from '../email-verified.sql.ts';

const userCreated: EventKind = { type: 'user_created', outcome: 'success', method: 'password' };

/**
 * The user who got the address in the transaction that consumed the token, by `claimAddress`: a sub-select with
 * `user_id`.
 * @param consumed `consumedNow` or `consumedByUs`
 */
export function provedBy(consumed: Fragment, address: Address): Fragment {
  return sql`(
    SELECT proved.id AS user_id FROM ${consumed} c JOIN users proved ON proved.email_verified_at = c.consumed_at
    WHERE ${hasAddress(sql`proved`, address)})`;
}

/**
 * A statement that gives the address to whoever proved it by the token in `consumed`, whose `user_id` is the pending
 * registration: the account that has the address unverified is taken over, else one is created. Which account that may be is
 * asked here as well (LNK-21): no lock keeps one from moving to a free address once the statement that consumes has asked.
 */
export function claimAddress(
  consumed: Fragment,
  address: Address,
  newUserId: string,
  secondFactors: readonly SecondFactor[],
): Fragment {
  const ofAddress = sql`FROM users x WHERE ${hasAddress(sql`x`, address)}`;
  return sql`
    WITH proved AS (
      SELECT r.name, r.locale, r.password_hash FROM ${consumed} c JOIN registration_attempts r ON r.id = c.user_id
    ),
    open AS (SELECT x.id AS user_id ${ofAddress} AND ${canBeTakenOver(sql`x`, secondFactors)} ORDER BY x.created_at, x.id LIMIT 1),
    taken_over AS (${claimUnverifiedUser(sql`open`, sql`proved`)})
    ${insertVerifiedUser(sql`(SELECT p.* FROM proved p WHERE NOT EXISTS (SELECT ${ofAddress}))`, { id: newUserId, address })}`;
}

/**
 * A statement that drops the pending registrations of the address, records what became of the one that was confirmed and
 * of its session, and gives its attempts back.
 * @param proved `provedBy`
 */
export function settleClaim(
  consumed: Fragment,
  proved: Fragment,
  {
    newUserId,
    opening,
    bucket,
  }: { readonly newUserId: string; readonly opening: Opening; readonly bucket: string },
  metadata: RequestMetadata,
): Fragment {
  const begun = begunNow(opening.session);
  return sql`
    WITH proved AS (
      SELECT p.user_id, b.session_id FROM ${proved} p LEFT JOIN ${begun} b ON b.user_id = p.user_id
    ),
    dropped AS (${dropPendingRegistrations(consumed)}),
    created AS (${recordEvents(sql`(SELECT p.* FROM proved p WHERE p.user_id = ${newUserId}::uuid)`, userCreated, metadata)}),
    verified AS (${recordEvents(sql`proved`, emailVerified, metadata)}),
    signed_in AS (${recordEvents(begun, signedIn(opening), metadata)})
    ${clearAttempts(bucket, sql`proved`)}`;
}
