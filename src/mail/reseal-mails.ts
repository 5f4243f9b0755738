import type { Keyring } from '../crypto/keyring.ts';
import { sealedPrefix } from '../crypto/seal.ts';
import type { Database } from '../db/client.ts';
import { resealMail } from './prepared-mail.ts';
import { countMailsSealedBy, findMailsSealedBy, replaceSealed } from './queries.ts';

/**
 * Seals the content of up to `limit` waiting mails anew that are sealed with the previous secret, so that the secret
 * can be removed (SUP-04). A mail that is sent meanwhile stays as it is then: wiped. One that does not open is left
 * alone, until it is given up. Without a previous secret there is nothing to do, and the database is not asked.
 *
 * Round trips: 0, or 1 and, when there are any, 1 more.
 * @returns how many opened; fewer than `limit` only when no more of them are left
 */
export async function resealMails(db: Database, limit: number, keyring: Keyring): Promise<number> {
  if (keyring.previous === null) return 0;
  const mails = await findMailsSealedBy(db, sealedPrefix(keyring.previous), limit);
  const resealed = await Promise.all(mails.map((mail) => resealMail(keyring, mail)));
  const replacements = resealed.filter((replacement) => replacement !== null);
  if (replacements.length > 0) await replaceSealed(db, replacements);
  return replacements.length;
}

/** Counts the mails that could not be sent any more without the previous secret. Round trips: 0 or 1. */
export async function countSealedWithPrevious(
  db: Database,
  keyring: Keyring,
): Promise<Readonly<Record<string, number>>> {
  if (keyring.previous === null) return {};
  return { sealedWithPrevious: await countMailsSealedBy(db, sealedPrefix(keyring.previous)) };
}
