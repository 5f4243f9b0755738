import type { Keyring } from '../crypto/keyring.ts';
import { open, seal } from '../crypto/seal.ts';
import type { MailFacts, SealedMailKind } from './mail-kind.ts';

/** A mail with a link or a code, ready to be queued by a statement that determines who gets it. */
export interface PreparedMail {
  /**
   * UUID created before the first try: the id of the row, and the key by which a transport recognises a retry. With
   * `ids` it is the first of them.
   */
  readonly id: string;
  /** The id of each recipient's row, in the order of `recipients`; undefined where one of them at most gets the mail. */
  readonly ids?: readonly string[];
  readonly kind: SealedMailKind;
  /** The possible recipients: every spelling in which the account's address may be stored. */
  readonly recipients: readonly string[];
  /** The content, sealed for each of them. */
  readonly sealed: readonly string[];
  readonly ttlSeconds: number;
}

/** The sealed content. */
export interface SealedContent {
  /** The token of the link, or the code. */
  readonly token: string;
  readonly facts: MailFacts;
}

/** The content, with the lifetime of its link or code in seconds. */
type LinkContent = SealedContent & { readonly ttlSeconds: number };

/** A row with sealed content, and what that is bound to. */
export interface SealedMail {
  readonly id: string;
  readonly kind: string;
  readonly recipient: string;
  readonly sealed: string;
}

type MailRow = Omit<SealedMail, 'sealed'>;

/** The longest lifetime of a mail, in seconds: by then people have requested another one. */
export const mailTtlSecondsMax = 86_400;

/** Seals the content of the mail until it is sent, once per possible recipient. */
export async function prepareMail(
  keyring: Keyring,
  kind: SealedMailKind,
  recipients: readonly string[],
  content: LinkContent,
): Promise<PreparedMail> {
  const id = crypto.randomUUID();
  const rows = recipients.map((recipient) => ({ id, kind, recipient }));
  return { id, kind, recipients, ...(await sealForEach(keyring, rows, content)) };
}

/**
 * Does the same for a mail that several recipients get at once: each has a row of its own, and what is sealed for it
 * opens in no other.
 */
export async function prepareMailToEach(
  keyring: Keyring,
  kind: SealedMailKind,
  recipients: readonly string[],
  content: LinkContent,
): Promise<PreparedMail> {
  const rows = recipients.map((recipient) => ({ id: crypto.randomUUID(), kind, recipient }));
  const ids = rows.map(({ id }) => id);
  const id = ids[0] ?? crypto.randomUUID();
  return { id, ids, kind, recipients, ...(await sealForEach(keyring, rows, content)) };
}

async function sealForEach(
  keyring: Keyring,
  rows: readonly MailRow[],
  { token, facts, ttlSeconds }: LinkContent,
): Promise<Pick<PreparedMail, 'sealed' | 'ttlSeconds'>> {
  const content = JSON.stringify({ token, facts } satisfies SealedContent);
  const sealed = await Promise.all(rows.map((row) => seal(keyring, content, associatedData(row))));
  return { sealed, ttlSeconds: Math.min(ttlSeconds, mailTtlSecondsMax) };
}

/** Opens the sealed content of a row; null when it was sealed for another row, or with a key that is gone. */
export async function openMail(keyring: Keyring, row: SealedMail): Promise<SealedContent | null> {
  const text = await open(keyring, row.sealed, associatedData(row));
  return text === null ? null : (JSON.parse(text) as SealedContent);
}

/** The associated data: a sealed link does not open when it is copied to another row, kind or recipient. */
export function associatedData(row: MailRow): string {
  return JSON.stringify(['mail_outbox', row.id, row.kind, row.recipient]);
}
