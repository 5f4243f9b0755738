import { type Fragment, sql } from '../../db/sql.ts';
import type { PresentedOneTimeToken } from './one-time-token.ts';
import { fromLiveToken } from './tokens.sql.ts';

/**
 * The user of a token that can still be consumed: a SELECT of `user_id`. No row for one who is banned, deleted or at
 * another address than the token was sent to.
 */
export function holderOf(presented: PresentedOneTimeToken): Fragment {
  return sql`
    SELECT u.id AS user_id FROM users u
    JOIN (SELECT t.owner_id, t.email ${fromLiveToken(presented)}) l ON l.owner_id = u.id AND l.email = u.email
    WHERE u.banned_at IS NULL`;
}

/** A statement that holds this user until the transaction ends, the first of a batch that consumes the token. */
export function holdHolder(presented: PresentedOneTimeToken): Fragment {
  return sql`${holderOf(presented)} FOR NO KEY UPDATE OF u`;
}
