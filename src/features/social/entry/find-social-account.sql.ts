import type { Address } from '../../../address/address-key.ts';
import type { PresentedEmail } from '../../../address/presented-email.ts';
import type { Database } from '../../../db/client.ts';
import { sql } from '../../../db/sql.ts';
import type { SecondFactor } from '../../../joints/second-factor.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { type Claim, claimOn } from '../../addresses/index.ts';
import { knownDeviceId, type PresentedDevice } from '../../known-devices/index.ts';
import { isConsumedElsewhere } from '../../one-time-tokens/index.ts';
import { type Opening, verdict } from '../../sessions/index.ts';
import { fromAddress } from '../../users/index.ts';
import {
  fromIdentity,
  isDisowned,
  isLinkable,
  type PresentedIdentity,
} from '../identities/identities.sql.ts';
import type { ConsumedOnce } from './entry.ts';

/** An address that a provider has verified, as it is compared. */
export interface VouchedAddress {
  readonly email: PresentedEmail;
  readonly address: Address;
}

/** What a sign-in at a provider asks. */
export interface AccountQuestion {
  readonly consumed: ConsumedOnce;
  readonly identity: PresentedIdentity;
  /** Null where the provider vouches for none. */
  readonly vouched: VouchedAddress | null;
  readonly opening: Opening;
  readonly device: PresentedDevice;
  /** All second factors, also those that a trusted device is not asked for. */
  readonly secondFactors: readonly SecondFactor[];
}

/** Whose account it is, as far as was read. */
export interface FoundAccount {
  /** Whether another request has used the state up: then nothing may follow. */
  readonly is_consumed: boolean;
  /** Whose the vouched address is; null without one. */
  readonly claim: Claim | null;
  /** How the account was found: by the identity, or by the address alone. */
  readonly way: 'identity' | 'address' | null;
  readonly user_id: string | null;
  /** As it is stored. */
  readonly email: string | null;
  readonly is_verified: boolean;
  /** Whether the owner has disowned this identity: then it takes nothing over either. */
  readonly is_disowned: boolean;
  /** Whether its address may link this identity. */
  readonly is_linkable: boolean;
  readonly is_known_device: boolean;
  /** What the identity leads to there. */
  readonly verdict: 'session' | 'challenge' | 'unverified' | 'refused';
}

/**
 * Finds the account: by issuer and subject first, else by the address that the provider has verified. Round trips: 1.
 */
export async function findSocialAccount(
  db: Database,
  { consumed, identity, vouched, opening, device, secondFactors }: AccountQuestion,
  metadata: RequestMetadata,
): Promise<FoundAccount> {
  const { issuer, isEmailProved } = identity;
  const byAddress =
    vouched === null || !isEmailProved
      ? sql``
      : sql`UNION ALL (SELECT u.id, 3, 'address' ${fromAddress(vouched.email, vouched.address)})`;
  const claim =
    vouched === null
      ? sql`NULL::text`
      : claimOn(vouched.address, { isMailboxProved: isEmailProved, secondFactors });
  const { judge, find } = await db.batch(
    'find-social-account',
    {
      judge: sql<Pick<FoundAccount, 'is_consumed' | 'claim'>>`
        SELECT ${isConsumedElsewhere(consumed, metadata.operationId)} AS is_consumed, ${claim} AS claim`,
      find: sql<Omit<FoundAccount, 'is_consumed' | 'claim'>>`
        SELECT f.way, u.id AS user_id, u.email, u.email_verified_at IS NOT NULL AS is_verified,
        coalesce(${isDisowned(sql`u`, identity)}, false) AS is_disowned,
        coalesce(${isLinkable(sql`u`, identity)}, false) AS is_linkable, ${verdict(opening)} AS verdict,
        ${knownDeviceId(sql`d`, device)} IS NOT NULL AS is_known_device
      FROM (VALUES (1)) AS one LEFT JOIN (
        SELECT x.user_id, x.way FROM (
          SELECT i.user_id, CASE WHEN i.issuer = ${issuer} THEN 1 ELSE 2 END AS rank, 'identity' AS way ${fromIdentity(identity)}
          ${byAddress}
        ) x ORDER BY x.rank LIMIT 1
      ) f ON true LEFT JOIN users u ON u.id = f.user_id
      LEFT JOIN LATERAL (SELECT u.id AS user_id, u.device_generation) d ON true`,
    },
    { isIdempotent: true },
  );
  const [judged] = judge;
  const [found] = find;
  if (judged === undefined || found === undefined) throw new TypeError('an answer must always have one row');
  return { ...judged, ...found };
}
