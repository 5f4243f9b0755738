import * as z from 'zod/mini';
import { canonicalEmail, emailLengthMax } from './address/email-address.ts';

const nameLengthMax = 100;
const passwordLengthMax = 256;
const presentedPasswordLengthMax = 4096;
const localeTagLengthMax = 35; // RFC 5646 4.4.1

// Every pattern is linear: two adjacent quantifiers never match the same character.
const unfitToShow = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069<>]|:\/\//u;
const visibleCharacter = /[\p{L}\p{N}\p{P}\p{S}]/u;
const languageTag = /^[a-z]{2,8}(?:-[a-z0-9]{1,8})*$/i; // RFC 5646 2.1, without its irregular tags

/**
 * One e-mail address in its canonical form: trimmed, lower case, ASCII, an international domain as punycode. At most
 * 254 characters. Refuses what mail software interprets in different ways: quoted local parts, comments, lists, line
 * breaks, an `@` that appears only under NFKC, IP literals, domains without a dot or with one at the end.
 */
export const emailAddress = z
  .string()
  .check(
    z.maxLength(emailLengthMax, { abort: true }),
    rewrite(canonicalEmail, 'Enter one e-mail address, such as name@example.com.'),
  );

/**
 * A text of one line that is shown to others: trimmed, NFC, 1 to `lengthMax` code points, at least one of them visible.
 * Control characters, line breaks, directional overrides, angle brackets and `://` are refused.
 *
 * @param unseen what is said where nothing of it can be seen
 */
export function shownText(lengthMax: number, unseen: string) {
  return z.string().check(
    z.trim(),
    z.normalize('NFC'),
    codePoints(1, lengthMax),
    z.refine((text) => visibleCharacter.test(text), unseen),
    z.refine(
      (text) => !unfitToShow.test(text),
      'Leave out line breaks, < and >, links and invisible characters.',
    ),
  );
}

/** A person's name: a shown text of at most 100 code points. */
export const personName = shownText(nameLengthMax, 'Enter a name that can be seen.');

/**
 * A new password. It is kept exactly as typed; its length is counted in code points of the NFC form that is hashed
 * (NIST SP 800-63B-4 3.1.1.2), at most 256. No NUL, which some hash functions take for the end.
 *
 * @param minLength the minimum length in code points
 */
export function newPassword(minLength: number) {
  return z.string().check(
    z.maxLength(presentedPasswordLengthMax, {
      abort: true,
      error: `Use at most ${passwordLengthMax} characters.`,
    }),
    codePoints(minLength, passwordLengthMax),
    z.refine(isPlainText, 'Leave out the NUL character.'),
  );
}

/**
 * A password to be checked: 1 to 4096 UTF-16 units, unchanged. Wider than `newPassword`, so that a password set under
 * older rules still works; the limit only bounds the input of the hash.
 */
export const presentedPassword = z
  .string()
  .check(
    z.minLength(1),
    z.maxLength(presentedPasswordLengthMax, { abort: true }),
    z.refine(isPlainText, 'Leave out the NUL character.'),
  );

/** A language tag (BCP 47, RFC 5646) in its canonical form, such as `de-CH`. At most 35 characters. */
export const localeTag = z
  .string()
  .check(
    z.maxLength(localeTagLengthMax, { abort: true }),
    rewrite(canonicalLocale, 'Enter a language tag, such as en or de-CH.'),
  );

/** An id as PostgreSQL writes it: any version of UUID (RFC 9562), in lower case. */
export const uuid = z.guid('This must be a UUID.').check(z.toLowerCase());

/** Replaces the text with the result of `parse`; `null` refuses it with the message. */
function rewrite(parse: (text: string) => string | null, message: string) {
  return z.check<string>((payload) => {
    const text = parse(payload.value);
    if (text === null) payload.issues.push({ code: 'custom', input: payload.value, message });
    else payload.value = text;
  });
}

function codePoints(minimum: number, maximum: number) {
  return z.check<string>(({ value, issues }) => {
    const length = Array.from(value.normalize('NFC')).length;
    const issue = { origin: 'string', input: value, inclusive: true } as const;
    if (length < minimum) issues.push({ code: 'too_small', minimum, ...issue });
    if (length > maximum) issues.push({ code: 'too_big', maximum, ...issue });
  });
}

/** Lone surrogates would all be hashed as U+FFFD. */
function isPlainText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

function canonicalLocale(text: string): string | null {
  if (!languageTag.test(text)) return null;
  try {
    const [tag = ''] = Intl.getCanonicalLocales(text);
    return tag.length > localeTagLengthMax ? null : tag;
  } catch {
    return null; // RangeError: well-formed by the pattern, yet not by RFC 5646, such as a repeated variant
  }
}
