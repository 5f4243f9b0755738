import { unpackWords, type WordTable } from './word-table.ts';

// A value, not a promise: a promise left behind by a cancelled request would hang every later one (T21).
let commonPasswords: WordTable | undefined;

/**
 * Loads the most frequent passwords, in the form of `toComparable`. Unpacking takes some 6 ms, on first use in the
 * isolate.
 */
export async function loadCommonPasswords(): Promise<WordTable> {
  if (commonPasswords === undefined) {
    const { packedCommonPasswords } = await import('./packed-common-passwords.ts');
    commonPasswords = unpackWords(packedCommonPasswords);
  }
  return commonPasswords;
}
