import { type Fragment, sql } from '../../../db/sql.ts';
import type { RequestMetadata } from '../../../request/request-metadata.ts';
import {
  consumeUnstored,
  endOldest,
  fromLiveToken,
  isConsumedByUs,
  issueToken,
  type LinkMail,
} from '../../one-time-tokens/index.ts';
import { verdict } from '../../sessions/index.ts';
import { fromOpening, openingColumns, openingSteps, tellNewDevice } from '../../sign-in/index.ts';
import type { CodeContent, ConsumedOnce, Entry } from './entry.ts';
import type { EntryRow } from './entry-row.ts';

/** The most codes of an account that are not redeemed; a further one ends the oldest (SES-20). */
const codesMax = 20;

/** What is known of an account before its sign-in goes on. */
export interface ExpectedEntry {
  /** Whether a second factor must follow, as far as was read. */
  readonly isChallenge: boolean;
  /** For a device that the account does not know; null else, and where somebody else tells. */
  readonly newDeviceMail: LinkMail | null;
}

/**
 * A statement that uses up what the sign-in came by. It comes first of what the sign-in does, behind the lock of the user;
 * later steps go on by `isConsumedHere`: of parallel callbacks with one state, one (OAU-14).
 */
export function consume(consumed: ConsumedOnce, { operationId }: RequestMetadata): Fragment {
  return consumeUnstored(consumed, operationId);
}

/** Whether this request has used it up, in this transaction or in an earlier run of it: a condition. */
export function isConsumedHere(consumed: ConsumedOnce, { operationId }: RequestMetadata): Fragment {
  return isConsumedByUs(consumed, operationId);
}

/**
 * The steps by which the user of `owner`, a SELECT of `user_id`, gets a session, a challenge or a code. Hold the user
 * first.
 */
export function entrySteps(
  owner: Fragment,
  { isChallenge, newDeviceMail }: ExpectedEntry,
  entry: Entry,
  metadata: RequestMetadata,
): Readonly<Record<string, Fragment | null>> {
  if (entry.code !== null) return { issueCode: issueCode(owner, entry) };
  const { opening } = entry;
  return {
    ...openingSteps(owner, { isChallenge, bucket: null }, opening, metadata),
    ...(newDeviceMail !== null && tellNewDevice(newDeviceMail, opening, metadata, { isUserHeld: true })),
  };
}

/**
 * The steps of `entrySteps` for an account that is the user's from this sign-in on: none of its devices is known, and
 * none trusted.
 */
export function newEntrySteps(
  owner: Fragment,
  entry: Entry,
  metadata: RequestMetadata,
): Readonly<Record<string, Fragment | null>> {
  const opening = { ...entry.opening, trusted: [] };
  return entrySteps(owner, { isChallenge: false, newDeviceMail: null }, { ...entry, opening }, metadata);
}

/** The last step: a row of an opening, or of a code that was issued, for the users `u` of whom `isOwner` holds. */
export function entryAnswer({ opening, code }: Entry, isOwner: Fragment): Fragment<EntryRow> {
  if (code === null) return sql`SELECT ${openingColumns(opening)} ${fromOpening(opening)} WHERE ${isOwner}`;
  return sql`
    SELECT u.id AS user_id, true AS is_code FROM users u
    JOIN (SELECT t.* ${fromLiveToken(code.token)}) code ON code.owner_id = u.id WHERE ${isOwner}`;
}

function issueCode(owner: Fragment, { opening, code }: Entry): Fragment {
  if (code === null) throw new TypeError('there must be a code');
  const { token, codeChallenge } = code;
  const { proof, completion } = opening;
  const content: CodeContent = {
    ...{ codeChallenge, method: proof.method },
    ...(completion !== null && { completion: completion.pending }),
  };
  return sql`
    WITH asked AS (
      SELECT u.id AS user_id, u.email FROM (${owner}) o JOIN users u ON u.id = o.user_id
      WHERE ${verdict(opening)} IN ('session', 'challenge')
    ),
    ended AS (${endOldest(sql`asked`, token.kind, codesMax)})
    ${issueToken(sql`asked`, token, {
      ...{ owner: sql`s.user_id`, email: sql`s.email` },
      challenge: sql`${JSON.stringify(content)}::jsonb`,
    })}`;
}
