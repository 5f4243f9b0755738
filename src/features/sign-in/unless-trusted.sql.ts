import { sql } from '../../db/sql.ts';
import type { SecondFactor } from '../../joints/second-factor.ts';
import { isTrustedBy, type TrustEntry } from '../trusted-devices/index.ts';

/** The second factors as they are asked for on this device: not where the account trusts it. */
export function unlessTrusted(
  secondFactors: readonly SecondFactor[],
  presented: readonly TrustEntry[],
): readonly SecondFactor[] {
  if (presented.length === 0) return secondFactors;
  return secondFactors.map((factor) => ({
    ...factor,
    isAskedFor: (u) => sql`(${factor.isAskedFor(u)} AND NOT ${isTrustedBy(u, presented)})`,
  }));
}
