import type { Deps } from '../../deps.ts';
import { chooseMailLanguage } from '../../languages/mail-languages.ts';
import { openMail } from '../../mail/prepared-mail.ts';
import { type RenderedMail, renderMail } from '../../mail/render-mail.tsx';
import { findWaitingMail, findWaitingMails, type WaitingMail } from './waiting-mails.sql.ts';

/** A mail as its recipient would see it. */
export interface ReadableMail extends RenderedMail {
  readonly id: string;
  readonly kind: string;
  readonly recipient: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

type ReadingDeps = Pick<Deps, 'config' | 'db' | 'keyring'>;

/** Returns the newest 50 unsent mails, newest first. Round trips: 1. */
export async function listMails(deps: ReadingDeps): Promise<ReadableMail[]> {
  const mails = await findWaitingMails(deps.db, 50);
  const read = await Promise.all(mails.map((mail) => readMail(deps, mail)));
  return read.filter((mail) => mail !== null);
}

/** Returns one unsent mail; null when there is none with this id. Round trips: 1. */
export async function findMail(deps: ReadingDeps, id: string): Promise<ReadableMail | null> {
  const mail = await findWaitingMail(deps.db, id);
  return mail === undefined ? null : readMail(deps, mail);
}

/**
 * Null for a mail that cannot be read here: sealed with another AUTH_SECRET, or of a kind that another version
 * writes.
 */
async function readMail({ config, keyring }: ReadingDeps, mail: WaitingMail): Promise<ReadableMail | null> {
  const { id, kind, recipient, createdAt, sealed } = mail;
  const content =
    sealed === null ? { token: null, facts: mail.facts } : await openMail(keyring, { ...mail, sealed });
  if (content === null || !Object.hasOwn(chooseMailLanguage(mail.locale).mails, kind)) return null;
  const rendered = await renderMail({ ...mail, at: createdAt, ...content }, config);
  return { id, kind, recipient, createdAt, ...rendered };
}
