import * as z from 'zod/mini';
import { canonicalEmail } from './email-address.ts';
import { inLetters } from './email-in-letters.ts';

const lengthMax = 255; // width of the legacy column

/** The address that somebody signs in with, and the spellings under which it may be stored. */
export interface PresentedEmail {
  /**
   * What attempts are counted under when no account has it: the canonical form, or else the text in NFC and lower
   * case. Texts that differ only in case or normal form share one.
   */
  readonly address: string;
  /**
   * The spellings under which an account may be stored: what was typed first, in lower case, then others of it. The
   * legacy system stored what was typed, so that two of its accounts may differ in spelling alone.
   */
  readonly spellings: readonly string[];
}

/**
 * An address that somebody signs in with. Wider than `emailAddress`: the legacy system stored what was typed, in
 * lower case, so its accounts may have an international domain in Unicode, a local part with quotes or characters
 * beyond ASCII, or a domain without a dot. At most 255 characters, one `@` also under NFKC, no control characters
 * (EML-02). Still refused is a text that only looks like a modern address: U+212A would reach the account of `k`
 * (T34).
 */
export const presentedEmail = z.pipe(
  z.string().check(z.maxLength(lengthMax, { abort: true })),
  z.transform((text: string, context): PresentedEmail => {
    const email = readEmail(text);
    if (email !== null) return email;
    const message = 'Enter one e-mail address, such as name@example.com.';
    context.issues.push({ code: 'custom', input: text, message });
    return z.NEVER;
  }),
);

function readEmail(text: string): PresentedEmail | null {
  const canonical = canonicalEmail(text);
  const typed = text.trim();
  const folded = typed.normalize('NFC').toLowerCase();
  if (canonical === null && (!isOneAddress(text) || canonicalEmail(folded) !== null)) return null;
  const address = canonical ?? folded;
  // With the locale C, the migration's lower() did not change letters beyond ASCII.
  const asciiLowerCase = typed.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  const spellings = [typed.toLowerCase(), asciiLowerCase, folded, address];
  return { address, spellings: [...new Set([...spellings, inLetters(address)])] };
}

function isOneAddress(text: string): boolean {
  // Checked before trimming, which would hide a line break at the end.
  if (!text.isWellFormed() || /\p{Cc}/u.test(text)) return false;
  return /^[^@]+@[^@]+$/.test(text.trim().normalize('NFKC'));
}
