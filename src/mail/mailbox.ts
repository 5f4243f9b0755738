import { canonicalEmail } from '../address/email-address.ts';

/** The sender of a mail (RFC 5322 section 3.4). */
export interface Mailbox {
  /** The display name; null if there is only an address. */
  readonly name: string | null;
  readonly address: string;
}

// No characters that end a quoted string or start another header.
const displayName = /^[\p{L}\p{N}\p{M} .,!/&'’+_()-]{1,100}$/u;

/**
 * Parses `Name <address>` or an address alone.
 * @throws TypeError for anything else
 */
export function parseMailbox(text: string): Mailbox {
  const [, quoted, plain, bracketed] = /^(?:"([^"]*)"|([^"<>]*?)) *<([^<>]+)>$/u.exec(text) ?? [];
  const name = (quoted ?? plain ?? '').trim();
  const address = canonicalEmail(bracketed ?? text);
  if (address === null || (name !== '' && !displayName.test(name))) throw new TypeError('no mailbox');
  return { name: name === '' ? null : name, address };
}

/** Formats the value of a From header: the name is quoted if it is more than words (RFC 5322 section 3.2.5). */
export function formatMailbox({ name, address }: Mailbox): string {
  if (name === null) return address;
  return `${/^[\p{L}\p{N}\p{M} _-]+$/u.test(name) ? name : `"${name}"`} <${address}>`;
}
