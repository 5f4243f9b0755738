import { sql } from '../../db/sql.ts';
import type { Factor } from '../../joints/factor.ts';
import { isTrustedBy, type TrustEntry } from '../trusted-devices/index.ts';

/** The second factors as they are asked for on this device: not where the account trusts it. */
export function unlessTrusted(
  factors: readonly Factor[],
  presented: readonly TrustEntry[],
): readonly Factor[] {
  if (presented.length === 0) return factors;
  return factors.map((factor) => ({
    ...factor,
    isAskedFor: (u) => sql`(${factor.isAskedFor(u)} AND NOT ${isTrustedBy(u, presented)})`,
  }));
}
