import * as rows from '../clean-up/reseal-rows.ts';
import type { Keyring } from '../crypto/keyring.ts';
import type { Database } from '../db/client.ts';
import { countMailsSealedBy, findMailsSealedBy, replaceSealed } from './outbox.sql.ts';
import { resealMail } from './prepared-mail.ts';

/**
 * Seals the content of up to `limit` waiting mails anew. A mail that is sent meanwhile stays as it is then: wiped. One that
 * does not open is left alone, until it is given up. Round trips: as `resealRows`.
 * @returns how many opened; fewer than `limit` only when no more of them are left
 */
export function resealMails(db: Database, limit: number, keyring: Keyring): Promise<number> {
  return rows.resealRows(keyring, {
    find: (prefix) => findMailsSealedBy(db, prefix, limit),
    reseal: (mail) => resealMail(keyring, mail),
    replace: (replacements) => replaceSealed(db, replacements),
  });
}

/** Counts the mails that could not be sent any more without the previous secret. Round trips: 0 or 1. */
export function countSealedWithPrevious(db: Database, keyring: Keyring) {
  return rows.countSealedWithPrevious(keyring, (prefix) => countMailsSealedBy(db, prefix));
}
