import * as rows from '../../../clean-up/reseal-rows.ts';
import type { Keyring } from '../../../crypto/keyring.ts';
import type { Database } from '../../../db/client.ts';
import { resealSecret } from '../totp-secret.ts';
import { countSecretsSealedBy, findSecretsSealedBy, replaceSecrets } from './secrets.sql.ts';

/**
 * Seals up to `limit` secrets anew. One that does not open is left alone, and counted in the log. Round trips: as
 * `resealRows`.
 * @returns how many opened; fewer than `limit` only when no more of them are left
 */
export function resealSecrets(db: Database, limit: number, keyring: Keyring): Promise<number> {
  return rows.resealRows(keyring, {
    find: (prefix) => findSecretsSealedBy(db, prefix, limit),
    reseal: async ({ id, user_id: userId, secret_sealed: before }) => {
      const after = await resealSecret(keyring, before, { id, userId });
      return after === null ? null : { id, before, after };
    },
    replace: (replacements) => replaceSecrets(db, replacements),
  });
}

/** Counts the secrets that would be lost without the previous key. Round trips: 0 or 1. */
export function countSealedWithPrevious(db: Database, keyring: Keyring) {
  return rows.countSealedWithPrevious(keyring, (prefix) => countSecretsSealedBy(db, prefix));
}
