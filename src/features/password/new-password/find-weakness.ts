import { spellings, strippedForms, toComparable, toPlain } from './derivatives.ts';
import { isPattern } from './patterns.ts';
import type { WordTable } from './word-table.ts';

/** The characters of common passwords; looking up anything else could only cause a false match. */
const tableWord = /^[a-z0-9]+$/;

/** The shortest pattern to which something was added: shorter ones occur in random text. */
const patternLengthMin = 7;

/** The shortest pattern next to a word. */
const patternBesideWordMin = 3;

/**
 * The longest text that is split into a word and a pattern at every position, in UTF-16 units: the work grows with
 * its square.
 */
const besidePatternLengthMax = 64;

/** The most digits and signs, in any position, that are added to the words of an account or of this service. */
const addedToContextMax = 8;

/** Why a password is easy to guess. */
export type Weakness = 'common' | 'pattern' | 'context';

/** The words that a password must not be made of. */
export interface KnownWords {
  /** In the form of `toComparable`. */
  readonly common: WordTable;
  /** Words of this account and this service, in the form of `toPlain`. */
  readonly context: ReadonlySet<string>;
}

/**
 * Returns why a password is easy to guess, or null when no reason is known. It is compared as a whole, never in parts
 * (NIST SP 800-63B-4 section 3.1.1.2): with patterns, with words, with the results of `strippedForms` and
 * `spellings`, and with repetitions of all of these. Case, spaces and separators make no difference.
 */
export function findWeakness(password: string, words: KnownWords): Weakness | null {
  const asTyped = password.normalize('NFKC').toLowerCase();
  // Separators can be the pattern themselves, and a single character can break it.
  const variants = [
    asTyped,
    ...(asTyped.length > patternLengthMin ? [asTyped.slice(1), asTyped.slice(0, -1)] : []),
  ];
  return variants.some(isPattern) ? 'pattern' : findInComparable(toComparable(asTyped), words);
}

function findInComparable(text: string, words: KnownWords): Weakness | null {
  if (isMadeOf(text, words.context)) return 'context';
  if (isWordBesidePattern(text, words.common)) return 'common';
  // Only whole numbers: every further form is a further chance of a false match.
  for (const form of strippedForms(text, 'whole')) {
    const isLongEnough = form === text || form.length >= patternLengthMin;
    if (isLongEnough && isPattern(form)) return 'pattern';
    for (const spelling of spellings(form)) {
      if (tableWord.test(spelling) && words.common.has(spelling)) return 'common';
    }
    const unit = repeatedUnit(form);
    const weakness = unit === null ? null : findInComparable(unit, words);
    if (weakness !== null) return weakness;
  }
  return null;
}

function isMadeOf(text: string, words: ReadonlySet<string>): boolean {
  for (const form of strippedForms(text, 'in part')) {
    for (const spelling of spellings(form)) if (words.has(toPlain(spelling))) return true;
  }
  const letters = text.replaceAll(/[^\p{L}\p{M}]/gu, '');
  const isMostlyLetters = text.length - letters.length <= addedToContextMax;
  return isMostlyLetters && (words.has(letters) || words.has(repeatedUnit(letters) ?? ''));
}

/** Whether the text consists of a common word and a pattern: `password1234567`, `qwertypassword`. */
function isWordBesidePattern(text: string, common: WordTable): boolean {
  if (text.length > besidePatternLengthMax) return false;
  for (let split = patternBesideWordMin; split <= text.length - patternBesideWordMin; split++) {
    const [start, end] = [text.slice(0, split), text.slice(split)];
    if (isPattern(end) && tableWord.test(start) && common.has(start)) return true;
    if (isPattern(start) && tableWord.test(end) && common.has(end)) return true;
  }
  return false;
}

/** The shortest text whose repetition gives this one; null when there is none. */
function repeatedUnit(text: string): string | null {
  const length = `${text}${text}`.indexOf(text, 1);
  return length === -1 || length === text.length ? null : text.slice(0, length);
}
