import type { Keyring } from '../crypto/keyring.ts';
import { open, seal } from '../crypto/seal.ts';
import type { LinkMailKind, MailFacts } from './mail-kind.ts';

/** A mail with a link, ready to be written into the outbox by a statement that finds out where it goes. */
export interface PreparedMail {
  /** UUID made before the first try: the row's id, and the key by which a transport knows a repeat. */
  readonly id: string;
  readonly kind: LinkMailKind;
  /** Where it may go: every way in which the account's address can be stored. */
  readonly recipients: readonly string[];
  /** What the template needs, sealed for each of them. */
  readonly sealed: readonly string[];
  readonly ttlSeconds: number;
}

/** What is sealed. */
export interface SealedContent {
  readonly token: string;
  readonly facts: MailFacts;
}

/** No mail is sent later than this, in seconds: by then people have asked again. */
export const mailTtlSecondsMax = 86_400;

/** Seals what the mail needs until it is sent, once per address that it may go to. */
export async function prepareMail(
  keyring: Keyring,
  kind: LinkMailKind,
  recipients: readonly string[],
  { token, facts, ttlSeconds }: SealedContent & { readonly ttlSeconds: number },
): Promise<PreparedMail> {
  const id = crypto.randomUUID();
  const content = JSON.stringify({ token, facts } satisfies SealedContent);
  const sealed = await Promise.all(
    recipients.map((recipient) => seal(keyring, content, placeOf({ id, kind, recipient }))),
  );
  return { id, kind, recipients, sealed, ttlSeconds: Math.min(ttlSeconds, mailTtlSecondsMax) };
}

/** What was sealed for this row; null when it was sealed for another one, or with a key that is gone. */
export async function openMail(
  keyring: Keyring,
  row: { readonly id: string; readonly kind: string; readonly recipient: string; readonly sealed: string },
): Promise<SealedContent | null> {
  const text = await open(keyring, row.sealed, placeOf(row));
  return text === null ? null : (JSON.parse(text) as SealedContent);
}

/** The associated data: a sealed link that is copied to another row, kind or recipient does not open. */
function placeOf(row: { readonly id: string; readonly kind: string; readonly recipient: string }): string {
  return JSON.stringify(['mail_outbox', row.id, row.kind, row.recipient]);
}
