import type { Address } from '../../address/address-key.ts';
import { type Fragment, sql } from '../../db/sql.ts';
import { asksForSecondFactor } from '../../joints/ask-gates.sql.ts';
import type { SecondFactor } from '../../joints/second-factor.ts';
import { isHeldAddress } from '../one-time-tokens/index.ts';
import { demoEmail, hasAddress, isVerificationDue, type StoredAddress } from '../users/index.ts';

/**
 * Whose an address is, asked before it is written anywhere:
 * - `free`: nobody's;
 * - `own`: the account that asks has it;
 * - `open`: an account has it that has not verified it, asks for no second factor and is not banned: whoever proves the
 *   mailbox may take it over;
 * - `held`: its former owner can still have it back;
 * - `taken`: another account's;
 * - `reserved`: the demo user's, which nobody may have.
 */
export type Claim = 'free' | 'own' | 'open' | 'held' | 'taken' | 'reserved';

/**
 * The claim on an address, a text expression, in the snapshot of its statement. The one rule for it: registration, a
 * change of the address, its way back and every later way to an account ask it (LNK-13).
 * @param selfId the user who asks; null where there is none yet
 * @param isMailboxProved whether who asks reads the mailbox: a corrected address yields to them
 * @param factors all second factors that accounts may ask for, also those that a trusted device is not asked for; without
 * them no account is told to be open, for who asks only whether an address is to be had as it is
 * @param isReturning whether the account had it: then its own spelling alone counts, since two accounts of the earlier
 * system may have one canonical form, and both stay
 */
export function claimOn(
  address: Address | StoredAddress,
  {
    selfId = null,
    isMailboxProved = false,
    secondFactors,
    isReturning = false,
  }: {
    readonly selfId?: string | Fragment | null;
    readonly secondFactors?: readonly SecondFactor[];
    readonly isMailboxProved?: boolean;
    readonly isReturning?: boolean;
  } = {},
): Fragment {
  const isIt = isReturning ? sql`lower(x.email) = ${address.email}` : hasAddress(sql`x`, address);
  const canBeOpen = secondFactors === undefined ? sql`false` : canBeTakenOver(sql`x`, secondFactors);
  const ofOthers = sql`FROM users x WHERE ${isIt} AND x.id IS DISTINCT FROM ${selfId}::uuid`;
  return sql`CASE
      WHEN ${address.email} = ${demoEmail}::text THEN 'reserved'
      WHEN EXISTS (SELECT ${ofOthers} AND NOT ${canBeOpen}) THEN 'taken'
      WHEN ${isHeldAddress(address, { exceptUserId: selfId, isMailboxProved })} THEN 'held'
      WHEN EXISTS (SELECT ${ofOthers}) THEN 'open'
      WHEN EXISTS (SELECT FROM users x WHERE ${isIt}) THEN 'own'
      ELSE 'free' END`;
}

/**
 * Whether whoever proves the address of the user `u` may take the account over: it is unverified and not banned, and asks for
 * no second factor, which nobody gets past by a mailbox alone (LNK-16).
 */
export function canBeTakenOver(u: Fragment, secondFactors: readonly SecondFactor[]): Fragment {
  return sql`(${isVerificationDue(u)} AND ${u}.banned_at IS NULL AND NOT ${asksForSecondFactor(secondFactors, u)})`;
}

/** Whether an account has the address that can be taken over but for its second factor. */
export function isKeptBySecondFactor(
  address: Address | StoredAddress,
  secondFactors: readonly SecondFactor[],
): Fragment {
  return sql`EXISTS (
    SELECT FROM users x WHERE ${hasAddress(sql`x`, address)} AND ${isVerificationDue(sql`x`)} AND x.banned_at IS NULL
      AND ${asksForSecondFactor(secondFactors, sql`x`)})`;
}
