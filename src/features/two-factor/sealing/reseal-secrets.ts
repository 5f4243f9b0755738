import type { Keyring } from '../../../crypto/keyring.ts';
import { sealedPrefix } from '../../../crypto/seal.ts';
import type { Database } from '../../../db/client.ts';
import { resealSecret } from '../totp-secret.ts';
import { countSecretsSealedBy, findSecretsSealedBy, type ResealedRow, replaceSecrets } from './queries.ts';

/**
 * Seals up to `limit` secrets anew that are sealed with the previous key, so that it can be removed (SUP-04). One that does
 * not open is left alone, and counted in the log. Round trips: 0 without a previous key, else 1 and, when there are any, 1
 * more.
 * @returns how many opened; fewer than `limit` only when no more of them are left
 */
export async function resealSecrets(db: Database, limit: number, keyring: Keyring): Promise<number> {
  if (keyring.previous === null) return 0;
  const rows = await findSecretsSealedBy(db, sealedPrefix(keyring.previous), limit);
  const resealed = await Promise.all(
    rows.map(async ({ id, user_id: userId, secret_sealed: before }): Promise<ResealedRow | null> => {
      const after = await resealSecret(keyring, before, { id, userId });
      return after === null ? null : { id, before, after };
    }),
  );
  const replacements = resealed.filter((replacement) => replacement !== null);
  if (replacements.length > 0) await replaceSecrets(db, replacements);
  return replacements.length;
}

/** Counts the secrets that would be lost without the previous key. Round trips: 0 or 1. */
export async function countSealedWithPrevious(
  db: Database,
  keyring: Keyring,
): Promise<Readonly<Record<string, number>>> {
  if (keyring.previous === null) return {};
  return { sealedWithPrevious: await countSecretsSealedBy(db, sealedPrefix(keyring.previous)) };
}
