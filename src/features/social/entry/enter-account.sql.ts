import type { Address } from '../../../address/address-key.ts';
import type { Database } from '../../../db/client.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { hasAddress, lockUser } from '../../users/index.ts';
import {
  fromIdentity,
  holdProviderToken,
  isLinkable,
  type KeptToken,
  keepProviderToken,
  noteIdentityUsed,
  type PresentedIdentity,
} from '../identities/identities.sql.ts';
import type { Entry } from './entry.ts';
import type { EntryRow } from './entry-row.ts';
import { consume, type ExpectedEntry, entryAnswer, entrySteps, isConsumedHere } from './entry-steps.sql.ts';

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
 * Signs in to an account by its identity, or by a verified address that both sides vouch for. That links the identity once
 * the sign-in is complete, which the opening says: here where a session begins, else by the second step or whoever redeems the
 * code. Round trips: 1. Null when another request has used the state up, or the identity is not the account's and cannot be:
 * it was unlinked, somebody else has it, or the account has another one of this provider.
 */
export async function enterAccount(
  db: Database,
  { userId, identity, linkedBy, keptToken, entry, ...expected }: Entering,
  metadata: RequestMetadata,
): Promise<EntryRow | null> {
  const holds = sql`EXISTS (SELECT ${fromIdentity(identity)} AND i.user_id = a.id)`;
  const isTheirs = linkedBy === null ? holds : sql`(${holds} OR ${mayLink(linkedBy, identity)})`;
  const owner = sql`
    SELECT a.id AS user_id FROM users a
    WHERE a.id = ${userId}::uuid AND ${isConsumedHere(entry.consumed, metadata)} AND ${isTheirs}`;
  const isWaiting = linkedBy !== null && (expected.isChallenge || entry.code !== null);
  const { answer } = await db.batch(
    'enter-by-identity',
    {
      holdUser: lockUser(userId),
      consume: consume(entry.consumed, metadata),
      noteUsed: linkedBy === null ? noteIdentityUsed(owner, identity) : null,
      holdToken: isWaiting && keptToken ? holdProviderToken(owner, identity, keptToken) : null,
      ...entrySteps(owner, expected, entry, metadata),
      keepToken: !isWaiting && keptToken ? keepProviderToken(identity, keptToken) : null,
      answer: entryAnswer(entry, sql`u.id = ${userId}::uuid AND EXISTS (${owner})`),
    },
    { isIdempotent: true },
  );
  return answer[0] ?? null;
}

/** Whether the address of the user `a` may link the identity, which nobody has. */
function mayLink(address: Address, identity: PresentedIdentity): Fragment {
  return sql`(${hasAddress(sql`a`, address)} AND a.email_verified_at IS NOT NULL AND a.banned_at IS NULL
      AND ${isLinkable(sql`a`, identity)} AND NOT EXISTS (SELECT ${fromIdentity(identity)})
      AND NOT EXISTS (SELECT FROM identities i WHERE i.user_id = a.id AND i.provider = ${identity.providerId}))`;
}
