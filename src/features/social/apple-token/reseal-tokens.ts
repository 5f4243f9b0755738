import * as rows from '../../../clean-up/reseal-rows.ts';
import type { Keyring } from '../../../crypto/keyring.ts';
import type { Database } from '../../../db/client.ts';
import { countTokensSealedBy, findTokensSealedBy, replaceTokens } from './apple-token.sql.ts';
import { resealKeptToken } from './kept-token.ts';

/**
 * Seals up to `limit` tokens of providers anew. Round trips: as `resealRows`.
 * @returns how many opened; fewer than `limit` only when no more of them are left
 */
export function resealTokens(db: Database, limit: number, keyring: Keyring): Promise<number> {
  return rows.resealRows(keyring, {
    find: (prefix) => findTokensSealedBy(db, prefix, limit),
    reseal: async (token) => {
      const after = await resealKeptToken(keyring, token);
      return after === null ? null : { id: token.id, before: token.sealed, after };
    },
    replace: (replacements) => replaceTokens(db, replacements),
  });
}

/** Counts the tokens that could not be revoked any more without the previous key. Round trips: 0 or 1. */
export function countSealedWithPrevious(db: Database, keyring: Keyring) {
  return rows.countSealedWithPrevious(keyring, (prefix) => countTokensSealedBy(db, prefix));
}
