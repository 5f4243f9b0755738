import * as z from 'zod/mini';
import { canonicalEmail } from './text-schemas.ts';

const lengthMax = 255; // width of the column of the legacy system

/** The address that somebody signs in with, and the forms in which it may be stored. */
export interface PresentedEmail {
  /**
   * What attempts count under when nobody has it: the canonical form, or else the text in NFC and lower case. Texts that
   * differ in case or normal form alone have the same one.
   */
  readonly address: string;
  /** `address` and, after it, how the legacy system may have stored the text. An account of the former goes first. */
  readonly spellings: readonly string[];
}

/**
 * An address that is presented to sign in, and to nothing else. Wider than `emailAddress`: the legacy system kept what was
 * typed, in lower case, so that its accounts can have an international domain in letters, a local part beyond ASCII or in
 * quotes, or a domain without a dot. At most 255 characters, one `@` also under NFKC, no control characters (SECURITY
 * EML-02). Refused as before is what only looks like an address of today: U+212A would reach the account of `k` (T34).
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
  // A database with the locale C left letters beyond ASCII as they were when the upgrade made addresses lower case.
  const asciiLowerCase = typed.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  return { address, spellings: [...new Set([address, typed.toLowerCase(), folded, asciiLowerCase])] };
}

function isOneAddress(text: string): boolean {
  // Of the untrimmed text: trimming would hide a line break at the end.
  if (!text.isWellFormed() || /\p{Cc}/u.test(text)) return false;
  return /^[^@]+@[^@]+$/.test(text.trim().normalize('NFKC'));
}
