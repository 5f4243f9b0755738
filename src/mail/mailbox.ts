import { canonicalEmail } from '../text-schemas.ts';

/** Whom a mail is from (RFC 5322 section 3.4). */
export interface Mailbox {
  /** What people see; null where there is only the address. */
  readonly name: string | null;
  readonly address: string;
}

// Nothing that ends a quoted string or begins another header.
const displayName = /^[\p{L}\p{N}\p{M} .,!/&'’+_()-]{1,100}$/u;

/**
 * Reads `Name <address>` or an address alone.
 * @throws TypeError for anything else
 */
export function parseMailbox(text: string): Mailbox {
  const [, quoted, plain, bracketed] = /^(?:"([^"]*)"|([^"<>]*?)) *<([^<>]+)>$/u.exec(text) ?? [];
  const name = (quoted ?? plain ?? '').trim();
  const address = canonicalEmail(bracketed ?? text);
  if (address === null || (name !== '' && !displayName.test(name))) throw new TypeError('no mailbox');
  return { name: name === '' ? null : name, address };
}

/** As a From header has it: the name is quoted where it is more than words (RFC 5322 section 3.2.5). */
export function formatMailbox({ name, address }: Mailbox): string {
  if (name === null) return address;
  return `${/^[\p{L}\p{N}\p{M} _-]+$/u.test(name) ? name : `"${name}"`} <${address}>`;
}
