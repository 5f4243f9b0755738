import type { Address } from '../../address/address-key.ts';
import type { ExportPart } from '../../db/export-part.ts';
import { type Fragment, join, sql } from '../../db/sql.ts';
import { isoTime } from '../../db/texts.sql.ts';
import { type StoredAddress, spellingsOf } from '../users/index.ts';
import type { NewOneTimeToken, PresentedOneTimeToken } from './one-time-token.ts';

/** The columns of a new token, as expressions over the alias `s` of its source. */
export interface TokenColumns {
  /** The user, or the pending registration. Null makes a token that opens nothing, when nobody has the address. */
  readonly owner: Fragment;
  /** The address that the token is sent to. */
  readonly email: Fragment;
  /** For an e-mail change and its revert link: the address that the account will have, and its key. */
  readonly target?: Fragment;
  readonly targetKey?: Fragment;
  /** For a revert link: which way back it is; null for an ordinary one. */
  readonly wayBack?: Fragment;
  /** For an unlock link: the locked bucket. */
  readonly bucket?: Fragment;
  /** For a not-me link: the way of the sign-in that it is about. */
  readonly method?: Fragment;
  /** For a not-me link: since when what was added goes by it; null for since it is made. */
  readonly disownedSince?: Fragment;
  /** For a challenge: what the second step has to know of the first one, as jsonb. */
  readonly challenge?: Fragment;
  /** For a token that renews another one: the times of that one, so that it has the same place and the same end. */
  readonly createdAt?: Fragment;
  readonly expiresAt?: Fragment;
}

/**
 * Body of a CTE that stores a token for the row of the CTE `source` and returns its `owner_id`, `email` and
 * `target_email`. A retry of the statement returns no row, so that a mail that depends on it is not queued twice.
 */
export function issueToken(source: Fragment, token: NewOneTimeToken, columns: TokenColumns): Fragment {
  const { owner, email, target, targetKey, wayBack, createdAt = sql`now()` } = columns;
  const { expiresAt = sql`now() + make_interval(secs => ${token.ttlSeconds}::int)` } = columns;
  const further = [
    { name: sql`target_email`, value: target && sql`${target}::text` },
    { name: sql`target_key`, value: targetKey && sql`${targetKey}::text` },
    { name: sql`way_back`, value: wayBack && sql`${wayBack}::text` },
    { name: sql`bucket`, value: columns.bucket },
    { name: sql`method`, value: columns.method },
    { name: sql`disowned_since`, value: columns.disownedSince },
    { name: sql`challenge`, value: columns.challenge },
  ].filter(({ value }) => value !== undefined);
  return sql`
    INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, created_at, expires_at${join(
      further.map(({ name }) => sql`, ${name}`),
      '',
    )})
    SELECT ${hashBytes(token)}, ${token.kind}, ${owner}::uuid, ${email}::text, ${createdAt}, ${expiresAt}${join(
      further.map(({ value }) => sql`, ${value}`),
      '',
    )}
    FROM ${source} s
    ON CONFLICT (token_hash) DO NOTHING RETURNING owner_id, email, target_email`;
}

/** FROM and WHERE for a token that can still be consumed, alias `t`. */
export function fromLiveToken(presented: PresentedOneTimeToken): Fragment {
  return sql`FROM one_time_tokens t WHERE ${isToken(presented)} AND t.spent_at IS NULL AND t.expires_at > now()`;
}

/**
 * The hash, in hexadecimal, of that of the presented tokens of the user `owner` which can still be consumed: a scalar, null
 * for none of them.
 */
export function liveHashAmong(presented: readonly PresentedOneTimeToken[], owner: Fragment): Fragment {
  const hashes = presented.map(({ kind, hash }) => `${kind} ${hash}`);
  return sql`(
    SELECT encode(t.token_hash, 'hex') FROM one_time_tokens t
    WHERE t.owner_id = ${owner} AND t.kind || ' ' || encode(t.token_hash, 'hex') = ANY (${hashes}::text[])
      AND t.spent_at IS NULL AND t.expires_at > now() LIMIT 1)`;
}

/**
 * Body of a CTE that consumes the token if the CTE `holder` has its owner as `user_id`, and returns it as `user_id`
 * with `email`, `target_email` and `bucket`. Of parallel callers one gets a row. Lock the user's row first, here as
 * everywhere, or two statements could deadlock. `consumedBy` is a UUID that no other use of the token has, for
 * `consumedBefore`.
 */
export function consumeToken(
  holder: Fragment,
  presented: PresentedOneTimeToken,
  consumedBy: string,
): Fragment {
  return sql`
    UPDATE one_time_tokens t SET spent_at = now(), spent_by = ${consumedBy}::uuid FROM ${holder} h
    WHERE ${isToken(presented)} AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
    RETURNING t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.bucket`;
}

/**
 * A statement that notes that a token of no account came back, which is stored by this alone: of parallel uses the first one
 * counts, for `consumedByUs`. The note lives as long as the token could.
 */
export function consumeUnstored(
  { kind, hash, ttlSeconds }: PresentedOneTimeToken & { readonly ttlSeconds: number },
  consumedBy: string,
): Fragment {
  return sql`
    INSERT INTO one_time_tokens (token_hash, kind, expires_at, spent_at, spent_by)
    VALUES (${hashBytes({ hash })}, ${kind}, now() + make_interval(secs => ${ttlSeconds}::int), now(), ${consumedBy}::uuid)
    ON CONFLICT (token_hash) DO NOTHING`;
}

/** Whether we have used such a token, in this transaction or in an earlier run of it: a condition. */
export function isConsumedByUs(presented: PresentedOneTimeToken, consumedBy: string): Fragment {
  return sql`EXISTS (
    SELECT FROM one_time_tokens t WHERE ${isToken(presented)} AND t.spent_by = ${consumedBy}::uuid)`;
}

/** Whether somebody else has used such a token: a condition. */
export function isConsumedElsewhere(presented: PresentedOneTimeToken, consumedBy: string): Fragment {
  return sql`EXISTS (
    SELECT FROM one_time_tokens t WHERE ${isToken(presented)} AND t.spent_by IS DISTINCT FROM ${consumedBy}::uuid)`;
}

/**
 * The token if this very transaction consumed it, for what must happen once: a sub-select with the columns of a consumed
 * token. A repeat of the batch finds nothing here, and what the first run did by `consumedBy`.
 */
export function consumedNow(presented: PresentedOneTimeToken, consumedBy: string): Fragment {
  return sql`(
    SELECT ${consumedColumns} FROM one_time_tokens t
    WHERE ${isToken(presented)} AND t.spent_by = ${consumedBy}::uuid AND t.spent_at = now())`;
}

/** The token if this transaction, or an earlier run of it whose response was lost, consumed it: as `consumedNow`. */
export function consumedByUs(presented: PresentedOneTimeToken, consumedBy: string): Fragment {
  return sql`(
    SELECT ${consumedColumns} FROM one_time_tokens t WHERE ${isToken(presented)} AND t.spent_by = ${consumedBy}::uuid)`;
}

/** How far back a not-me link can reach that takes over what earlier ones would have ended, in days: they lived for seven each. */
const reachDays = 14;

/**
 * A statement that notes at the token that this transaction consumed how far back the not-me links reach that can still be used
 * at the present address: for the link that comes in their place.
 */
export function noteReach(presented: PresentedOneTimeToken, consumedBy: string): Fragment {
  return sql`
    UPDATE one_time_tokens t SET disowned_since = (
      SELECT greatest(min(coalesce(link.disowned_since, link.created_at)), now() - make_interval(days => ${reachDays}::int))
      FROM one_time_tokens link JOIN users u ON u.id = link.owner_id AND u.email = link.email
      WHERE link.owner_id = t.owner_id AND link.kind = 'not_me' AND link.spent_at IS NULL AND link.expires_at > now()
      HAVING count(*) > 0)
    WHERE ${isToken(presented)} AND t.spent_by = ${consumedBy}::uuid AND t.spent_at = now()`;
}

/** The token that this transaction issued: a sub-select with `user_id` and `created_at`. */
export function issuedNow(token: NewOneTimeToken): Fragment {
  return sql`(
    SELECT t.owner_id AS user_id, t.created_at FROM one_time_tokens t
    WHERE t.token_hash = ${hashBytes(token)} AND t.spent_at IS NULL AND t.owner_id IS NOT NULL)`;
}

/** Body of a CTE that deletes all tokens of the users in the CTE `owner` (`user_id`), consumed ones too. */
export function deleteTokens(owner: Fragment): Fragment {
  return sql`DELETE FROM one_time_tokens t USING ${owner} o WHERE t.owner_id = o.user_id RETURNING t.token_hash`;
}

/**
 * Whether another user can still have the address back. A corrected one, which was left as a typing error, yields to
 * whoever proves the mailbox.
 */
export function isHeldAddress(address: Address | StoredAddress, asked: HeldFor): Fragment {
  return sql`EXISTS (SELECT ${fromHeldAddress(address, asked)})`;
}

/** Who asks whether an address is held. */
interface HeldFor {
  readonly exceptUserId: string | Fragment | null;
  readonly isMailboxProved: boolean;
}

/** FROM and WHERE for the tokens, alias `t`, by which other users can still have the address back (`isHeldAddress`). */
export function fromHeldAddress(
  address: Address | StoredAddress,
  { exceptUserId, isMailboxProved }: HeldFor,
): Fragment {
  return sql`FROM one_time_tokens t
    WHERE ${isLiveRevertToken} AND (t.target_email = ${spellingsOf(address)} OR t.target_key = ANY (${address.keys}::text[]))
      AND t.owner_id IS DISTINCT FROM ${exceptUserId}::uuid
      AND NOT (${isMailboxProved}::boolean AND t.way_back IS NOT DISTINCT FROM 'corrected')`;
}

/** Whether the revert link `t` is of an address that had been verified when it was left. */
export const isOfVerifiedAddress: Fragment = sql`coalesce(t.way_back, 'final') = 'final'`;

/** Whether `t` is a revert link by which an account can still have this address back. */
export function isLiveWayBackTo(email: Fragment): Fragment {
  return sql`(${isLiveRevertToken} AND t.target_email = ${email})`;
}

/** FROM and WHERE for the tokens, alias `t`, by which an account can have one of these spellings of an address back. */
export function fromWaysBackTo(spellings: readonly string[]): Fragment {
  return sql`FROM one_time_tokens t WHERE ${isLiveRevertToken} AND t.target_email = ANY (${spellings}::text[])`;
}

/**
 * The addresses that the users in `owner`, a sub-select with `user_id`, can still have restored, each once: a SELECT of
 * `user_id`, `recipient`, `recipient_key` and `is_verified`.
 */
export function formerAddresses(owner: Fragment): Fragment {
  return sql`
    SELECT DISTINCT ON (t.target_email) t.owner_id AS user_id, t.target_email AS recipient, t.target_key AS recipient_key,
      ${isOfVerifiedAddress} AS is_verified
    FROM ${owner} o JOIN one_time_tokens t ON t.owner_id = o.user_id WHERE ${isLiveRevertToken}
    ORDER BY t.target_email, t.created_at`;
}

/**
 * A statement that ends the changes of address of the users in `owner`, a sub-select with `user_id`, that are not confirmed
 * and lead to another address than the new one.
 */
export function endOtherChanges(owner: Fragment, token: NewOneTimeToken, email: string): Fragment {
  return sql`
    DELETE FROM one_time_tokens t USING ${owner} o
    WHERE t.owner_id = o.user_id AND t.kind = ${token.kind} AND t.spent_at IS NULL AND t.target_email <> ${email}`;
}

/** FROM and WHERE for the revert links of a user that can still be used, alias `t`, to be restricted further by AND. */
export function fromWaysBack(userId: Fragment): Fragment {
  return sql`FROM one_time_tokens t WHERE t.owner_id = ${userId} AND ${isLiveRevertToken}`;
}

/**
 * A statement that ends the revert links and not-me links of the users in `owner`, a sub-select with `user_id`, that went
 * to any other address than this one, whenever they were issued.
 */
export function endLinksElsewhere(owner: Fragment, email: string): Fragment {
  return sql`
    DELETE FROM one_time_tokens t USING ${owner} o
    WHERE t.owner_id = o.user_id AND t.kind IN ('revert_email', 'not_me') AND t.spent_at IS NULL AND t.email <> ${email}`;
}

/**
 * Links that were sent and can still be followed, and codes that still count. Neither the token, which is not stored,
 * nor its hash is exported.
 */
export const exportedLinks: ExportPart = {
  name: 'links',
  value: (owner) => sql`ARRAY(
    SELECT json_build_object('kind', t.kind, 'email', t.email, 'targetEmail', t.target_email,
        'createdAt', ${isoTime(sql`t.created_at`)}, 'expiresAt', ${isoTime(sql`t.expires_at`)})
    FROM one_time_tokens t
    WHERE t.owner_id = ${owner}.user_id AND t.challenge IS NULL AND t.spent_at IS NULL AND t.expires_at > now()
    ORDER BY t.created_at DESC, t.token_hash)`,
};

/** Whether `t` is a revert link that can still be used. */
const isLiveRevertToken = sql`t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now()`;

const consumedColumns = sql`t.owner_id AS user_id, t.email, t.target_email, t.target_key, t.way_back, t.bucket, t.method,
  t.created_at, t.disowned_since, t.spent_at AS consumed_at`;

function isToken({ kind, hash }: PresentedOneTimeToken): Fragment {
  return sql`t.token_hash = ${hashBytes({ hash })} AND t.kind = ${kind}`;
}

function hashBytes({ hash }: Pick<PresentedOneTimeToken, 'hash'>): Fragment {
  return sql`decode(${hash}::text, 'hex')`;
}
