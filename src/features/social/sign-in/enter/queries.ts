import type { Address } from '../../../../address-key.ts';
import type { Database } from '../../../../db/client.ts';
import { type Fragment, sql } from '../../../../db/sql.ts';
import { queueNotice } from '../../../../mail/outbox/fragments.ts';
import type { RequestMetadata } from '../../../../request-metadata.ts';
import { hasAddress, lockUser, owners } from '../../../users/index.ts';
import {
  holderOfIdentity,
  identityAddedNow,
  type KeptToken,
  keepProviderToken,
  linkIdentity,
  noteIdentityUsed,
  type PresentedIdentity,
} from '../../identities/fragments.ts';
import type { Entry } from '../entry/entry.ts';
import type { EntryRow } from '../entry/entry-row.ts';
import { type ExpectedEntry, entryAnswer, entrySteps, isSpentByUs, spend } from '../entry/fragments.ts';

/** A sign-in to an account that is there. */
export interface Entering extends ExpectedEntry {
  readonly userId: string;
  readonly identity: PresentedIdentity;
  /** By which the account was found; null for an account that has the identity already. */
  readonly linkedBy: Address | null;
  readonly keptToken: KeptToken | null;
  readonly entry: Entry;
}

/**
 * Signs in to an account by its identity, or by a verified address that both sides vouch for, which links the identity: the
 * owner is told. Round trips: 1. Null when another request has used the state up, or the identity is not the account's: it
 * was unlinked, somebody else has it, or the account has another one of this provider.
 */
export async function enterAccount(
  db: Database,
  { userId, identity, linkedBy, keptToken, entry, ...expected }: Entering,
  metadata: RequestMetadata,
): Promise<EntryRow | null> {
  const isOurs = isSpentByUs(entry.spent, metadata);
  const holder = sql`SELECT h.user_id FROM (${holderOfIdentity(userId, identity)}) h WHERE ${isOurs}`;
  const ownerOf = (address: Address) => sql`
    SELECT u.id AS user_id FROM users u
    WHERE u.id = ${userId}::uuid AND ${isOurs} AND ${hasAddress(sql`u`, address)} AND u.email_verified_at IS NOT NULL
      AND u.banned_at IS NULL AND NOT EXISTS (${holder})`;
  const { answer } = await db.batch(
    'enter-by-identity',
    {
      holdUser: lockUser(userId),
      spend: spend(entry.spent, metadata),
      noteUsed: linkedBy === null ? noteIdentityUsed(holder, identity) : null,
      link: linkedBy && linkIdentity(ownerOf(linkedBy), identity, metadata),
      tellLinked: linkedBy && tellLinked(identity, metadata),
      keepToken: keptToken && keepProviderToken(identity, keptToken),
      ...entrySteps(holder, expected, entry, metadata),
      answer: entryAnswer(entry, sql`u.id = ${userId}::uuid AND EXISTS (${holder})`),
    },
    { isIdempotent: true },
  );
  return (answer[0] as EntryRow | undefined) ?? null;
}

/** A statement that tells the owner of an identity that this transaction linked. */
export function tellLinked(identity: PresentedIdentity, metadata: RequestMetadata): Fragment {
  return queueNotice(owners(identityAddedNow(identity)), 'identity_linked', 'recipient', metadata, {
    provider: identity.providerName,
  });
}
