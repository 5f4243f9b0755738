import { unpackWords, type WordTable } from './word-table.ts';

// A value, never a promise: see `prepared` in src/runtime.ts.
let commonPasswords: WordTable | undefined;

/** The most frequent passwords, in the form of `toComparable`. Unpacked when the isolate needs them first: some 6 ms. */
export async function loadCommonPasswords(): Promise<WordTable> {
  if (commonPasswords === undefined) {
    const { packedCommonPasswords } = await import('./packed-common-passwords.ts');
    commonPasswords = unpackWords(packedCommonPasswords);
  }
  return commonPasswords;
}
