import type { Address } from '../../../address/address-key.ts';
import type { Database } from '../../../db/client.ts';
import { type Fragment, sql } from '../../../db/sql.ts';
import type { Rules } from '../../../deps.ts';
import { closeWaysIn } from '../../../joints/closing.ts';
import { tableSteps } from '../../../joints/owned-table.ts';
import type { SecondFactor } from '../../../joints/second-factor.ts';
import { queueNotice } from '../../../mail/queue-mail.sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import { claimOn } from '../../addresses/index.ts';
import { dropPendingRegistrations, holdPendingRegistrations } from '../../pending-registrations/index.ts';
import { type EventKind, endedNow, recordEvents } from '../../security-events/index.ts';
import { claimUnverifiedUser, hasAddress, lockUserOf, owners } from '../../users/index.ts';
import {
  identityAddedByUs,
  identityLinked,
  insertIdentity,
  isDisowned,
  keepTokenOf,
} from '../identities/identities.sql.ts';
import type { EntryRow } from './entry-row.ts';
import { consume, entryAnswer, isConsumedHere, newEntrySteps } from './entry-steps.sql.ts';
import type { NewOwner } from './new-profile.ts';

/**
 * Gives the unverified account of an address to whoever a trusted provider vouches for: its id stays, and nothing that was
 * added before, neither password, sessions nor factors (LNK-01). Round trips: 1. Null when the address is not to be had any
 * longer.
 */
export async function takeOverAccount(
  db: Database,
  { address, identity, profile, keptToken, entry }: NewOwner,
  { credentials, tables, secondFactors }: Pick<Rules, 'credentials' | 'tables' | 'secondFactors'>,
  metadata: RequestMetadata,
): Promise<EntryRow | null> {
  const { session } = entry.opening;
  const proved = provedNow(address);
  const ours = identityAddedByUs(identity, metadata);
  const { answer } = await db.batch(
    'take-over-by-identity',
    {
      holdUser: lockUserOf(address),
      holdRegistrations: holdPendingRegistrations(address.email),
      consume: consume(entry.consumed, metadata),
      claim: claimAccount(
        { address, identity, profile },
        secondFactors,
        isConsumedHere(entry.consumed, metadata),
      ),
      ...closeWaysIn(credentials, {
        occasion: 'taken_over',
        // A repeat finds the user by what the first run added.
        owner: sql`(SELECT p.user_id FROM ${proved} p UNION SELECT o.user_id FROM ${ours} o)`,
        ownerOnce: proved,
        actingSessionId: session.id,
        ...{ since: null, ownLinks: entry.code === null ? [] : [entry.code.token.hash], metadata },
      }),
      ...tableSteps(tables, 'atTakeOver', proved),
      tellOwner: queueNotice(owners(proved), 'account_taken_over', 'none', metadata, {
        ended: endedNow(metadata),
      }),
      addIdentity: settleTakeOver(proved, { address, identity, keptToken }, metadata),
      ...newEntrySteps(sql`SELECT o.user_id FROM ${ours} o`, entry, metadata),
      answer: entryAnswer(entry, sql`u.id = (SELECT o.user_id FROM ${ours} o)`),
    },
    { isIdempotent: true },
  );
  return answer[0] ?? null;
}

/** The user who got the address in this transaction: a sub-select with `user_id` and `session_id`, which is null. */
function provedNow(address: Address): Fragment {
  return sql`(
    SELECT u.id AS user_id, NULL::uuid AS session_id FROM users u
    WHERE u.email_verified_at = now() AND ${hasAddress(sql`u`, address)})`;
}

function claimAccount(
  { address, identity, profile }: Pick<NewOwner, 'address' | 'identity' | 'profile'>,
  secondFactors: readonly SecondFactor[],
  isOurs: Fragment,
): Fragment {
  const { issuer, subject } = identity;
  const { name, locale } = profile;
  return sql`
    WITH profile AS (SELECT ${name}::text AS name, ${locale}::text AS locale, NULL::text AS password_hash),
    open AS (
      SELECT found.id AS user_id FROM users found
      WHERE ${isOurs} AND ${hasAddress(sql`found`, address)} AND NOT ${isDisowned(sql`found`, identity)}
        AND ${claimOn(address, { isMailboxProved: true, secondFactors })} = 'open'
        AND NOT EXISTS (SELECT FROM identities i WHERE i.issuer = ${issuer} AND i.subject = ${subject} AND i.user_id <> found.id)
      ORDER BY found.created_at, found.id LIMIT 1
    )
    ${claimUnverifiedUser(sql`open`, sql`profile`)}`;
}

const verified: EventKind = { type: 'user_updated', outcome: 'success', reason: 'email_verified' };

/** Adds the identity with its token, drops the pending registrations of the address, and records both proofs. */
function settleTakeOver(
  proved: Fragment,
  { address: { email }, identity, keptToken }: Pick<NewOwner, 'address' | 'identity' | 'keptToken'>,
  metadata: RequestMetadata,
): Fragment {
  const added = sql`(SELECT a.user_id, NULL::uuid AS session_id FROM added a)`;
  return sql`
    WITH added AS (${insertIdentity(sql`SELECT p.user_id FROM ${proved} p`, identity, metadata)}),
    ${keptToken === null ? sql`` : sql`kept AS (${keepTokenOf(sql`added`, keptToken)}),`}
    dropped AS (${dropPendingRegistrations(sql`(SELECT ${email}::text AS email FROM ${proved} p)`)}),
    recorded AS (${recordEvents(added, verified, metadata)})
    ${recordEvents(added, identityLinked(identity), metadata)}`;
}
