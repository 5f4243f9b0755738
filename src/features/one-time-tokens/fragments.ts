import type { Effect } from '../../db/effects.ts';
import type { ExportPart } from '../../db/export-part.ts';
import { isoTime } from '../../db/fragments.ts';
import { type Fragment, sql } from '../../db/sql.ts';
import type { NewOneTimeToken, OneTimeTokenKind, PresentedOneTimeToken } from './one-time-token.ts';

/** Where the columns of a new token come from: expressions over the alias `s` of its source. */
export interface TokenColumns {
  /** The user; of a registration, the attempt. Null makes a row that opens nothing, where nobody has the address. */
  readonly owner: Fragment;
  /** The address that the token is sent to. */
  readonly email: Fragment;
  /** Of a change and its way back: the address to come. */
  readonly target?: Fragment;
  /** Of an unlock: the bucket that was locked. */
  readonly bucket?: Fragment;
  /** Of one that renews another: its times, so that it stands where that one stands, and ends with it. */
  readonly createdAt?: Fragment;
  readonly expiresAt?: Fragment;
}

/**
 * Body of a CTE that stores a token for the row of the CTE `source` and returns its `owner_id`, `email` and
 * `target_email`. A repeat of the statement returns no row, so that what follows from it, a mail, is not written twice.
 */
export function issueToken(source: Fragment, token: NewOneTimeToken, columns: TokenColumns): Fragment {
  const { owner, email, target = sql`NULL`, bucket = sql`NULL`, createdAt = sql`now()` } = columns;
  const { expiresAt = sql`now() + make_interval(secs => ${token.ttlSeconds}::int)` } = columns;
  return sql`
    INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, bucket, created_at, expires_at)
    SELECT ${hashBytes(token)}, ${token.kind}, ${owner}::uuid, ${email}::text, ${target}::text, ${bucket}::text,
      ${createdAt}, ${expiresAt}
    FROM ${source} s
    ON CONFLICT (token_hash) DO NOTHING
    RETURNING owner_id, email, target_email`;
}

/** FROM and WHERE for a token that can still be spent, alias `t`. */
export function fromLiveToken(presented: PresentedOneTimeToken): Fragment {
  return sql`FROM one_time_tokens t WHERE ${isToken(presented)} AND t.spent_at IS NULL AND t.expires_at > now()`;
}

/**
 * Body of a CTE that spends the token once the CTE `holder` has its owner as `user_id`, and returns it as `user_id` with
 * `email`, `target_email` and `bucket`. Of parallel callers one gets a row. Hold the user's row first, here as everywhere,
 * or two statements could wait for each other. `consumedBy` is a UUID that no other use of the token has, for `consumedBefore`.
 */
export function consumeToken(
  holder: Fragment,
  presented: PresentedOneTimeToken,
  consumedBy: string,
): Fragment {
  return sql`
    UPDATE one_time_tokens t SET spent_at = now(), spent_by = ${consumedBy}::uuid FROM ${holder} h
    WHERE ${isToken(presented)} AND t.owner_id = h.user_id AND t.spent_at IS NULL AND t.expires_at > now()
    RETURNING t.owner_id AS user_id, t.email, t.target_email, t.bucket`;
}

/** The token that an earlier run of the same statement spent and whose answer was lost: columns as `consumeToken`. */
export function consumedBefore(presented: PresentedOneTimeToken, consumedBy: string): Fragment {
  return sql`
    SELECT t.owner_id AS user_id, t.email, t.target_email, t.bucket FROM one_time_tokens t
    WHERE ${isToken(presented)} AND t.spent_by = ${consumedBy}::uuid`;
}

/**
 * Body of a CTE that makes the other tokens of these kinds void for each owner in the CTE `owner` (`user_id`). The token
 * `consumed` is left alone: the statement that spends it touches its row already.
 */
export function revokeTokens(
  owner: Fragment,
  kinds: readonly OneTimeTokenKind[],
  consumed: PresentedOneTimeToken | null,
): Fragment {
  const others = consumed === null ? sql`` : sql`AND t.token_hash <> ${hashBytes(consumed)}`;
  return sql`
    DELETE FROM one_time_tokens t USING ${owner} o
    WHERE t.owner_id = o.user_id AND t.kind = ANY (${kinds}::text[]) AND t.spent_at IS NULL ${others}
    RETURNING t.token_hash`;
}

/** Like `revokeTokens`, but leaves alone what another statement holds. */
export function tryRevokeTokens(owner: Fragment, kinds: readonly OneTimeTokenKind[]): Fragment {
  return sql`
    DELETE FROM one_time_tokens v WHERE v.token_hash IN (
      SELECT t.token_hash FROM one_time_tokens t JOIN ${owner} o ON o.user_id = t.owner_id
      WHERE t.kind = ANY (${kinds}::text[]) AND t.spent_at IS NULL FOR UPDATE OF t SKIP LOCKED)
    RETURNING v.token_hash`;
}

/** Body of a CTE that deletes every token of the users in the CTE `owner` (`user_id`), spent ones too. */
export function deleteTokens(owner: Fragment): Fragment {
  return sql`DELETE FROM one_time_tokens t USING ${owner} o WHERE t.owner_id = o.user_id RETURNING t.token_hash`;
}

/**
 * An effect that makes every pending proof of an address void: an earlier link to verify it, a change to another. Where
 * the statement has spent one of them, its source comes of that, and a row that a statement has changed already is left
 * alone by its other parts.
 */
export const revokeEmailProofs: Effect = (source) =>
  revokeTokens(source, ['verify_email', 'change_email'], null);

/**
 * Body of a CTE that makes void, for each owner in the CTE `owner` (`user_id`), the tokens of the same kind that were
 * issued after this one, which is spent, and those that have its time: they renew it, or it renews them.
 */
export function revokeLaterTokens(presented: PresentedOneTimeToken, owner: Fragment): Fragment {
  return sql`
    DELETE FROM one_time_tokens t USING ${owner} o
    WHERE t.owner_id = o.user_id AND t.kind = ${presented.kind} AND t.spent_at IS NULL
      AND t.created_at >= (SELECT p.created_at FROM one_time_tokens p WHERE p.token_hash = ${hashBytes(presented)})
    RETURNING t.token_hash`;
}

/**
 * Whether the former owner of this address, a text or a column, can still have it back, so that nobody else may take it
 * unproved.
 * @param exceptUserId who may: it is theirs
 */
export function isHeldEmail(email: string | Fragment, exceptUserId: string | null = null): Fragment {
  return sql`EXISTS (SELECT ${fromHeldEmail(email, exceptUserId)})`;
}

/**
 * FROM and WHERE for the tokens, alias `t`, by which others than this user can still have the address back: a text, a
 * column, or ANY of several.
 */
export function fromHeldEmail(email: string | Fragment, exceptUserId: string | null): Fragment {
  return sql`FROM one_time_tokens t
    WHERE ${isLiveRevertToken} AND t.target_email = ${email} AND t.owner_id IS DISTINCT FROM ${exceptUserId}::uuid`;
}

/**
 * Body of a CTE of the addresses that the users in the CTE `owner` (`user_id`) can still have back, each once: `user_id`
 * and `email`.
 */
export function formerEmails(owner: Fragment): Fragment {
  return sql`
    SELECT DISTINCT t.owner_id AS user_id, t.target_email AS email
    FROM ${owner} o JOIN one_time_tokens t ON t.owner_id = o.user_id WHERE ${isLiveRevertToken}`;
}

/** Links that were sent and can still be followed. The token itself is nowhere, its hash is nobody's business. */
export const exportedLinks: ExportPart = {
  name: 'links',
  value: (owner) => sql`coalesce((
    SELECT json_agg(json_build_object('kind', t.kind, 'email', t.email, 'targetEmail', t.target_email,
        'createdAt', ${isoTime(sql`t.created_at`)}, 'expiresAt', ${isoTime(sql`t.expires_at`)})
      ORDER BY t.created_at DESC, t.token_hash)
    FROM one_time_tokens t
    WHERE t.owner_id = ${owner}.user_id AND t.spent_at IS NULL AND t.expires_at > now()), '[]')`,
};

/** Whether the token `t` can still give an account an earlier address back. */
const isLiveRevertToken = sql`t.kind = 'revert_email' AND t.spent_at IS NULL AND t.expires_at > now()`;

function isToken({ kind, hash }: PresentedOneTimeToken): Fragment {
  return sql`t.token_hash = ${hashBytes({ hash })} AND t.kind = ${kind}`;
}

function hashBytes({ hash }: Pick<PresentedOneTimeToken, 'hash'>): Fragment {
  return sql`decode(${hash}::text, 'hex')`;
}
