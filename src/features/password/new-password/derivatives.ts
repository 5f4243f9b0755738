import { reverse } from './patterns.ts';

/**
 * The most characters added to a word, before and after it together, for which the result counts as derived from it.
 */
const addedMax = 6;
const wordLengthMin = 4;

const letter = /[\p{L}\p{M}]/u;

/** Characters that often replace a letter. `1` stands for two letters, so a text has two readings. */
const lookalikes = Object.entries({ 0: 'o', 3: 'e', 4: 'a', 5: 's', 7: 't', '@': 'a', $: 's', '!': 'i' });
const readings = ['i', 'l'].map((one) => new Map([...lookalikes, ['1', one]]));

/**
 * The form in which passwords and words are compared: NFKC, lower case, without spaces, invisible characters and `.`
 * `,` `_` `-` `/`.
 */
export function toComparable(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\s\p{Cf}.,_/-]/gu, '');
}

/** Only the letters and digits of a text, in lower case. */
export function toPlain(text: string): string {
  return text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
}

/**
 * Yields the words from which a comparable text may be derived by adding up to 6 digits and signs, before and after
 * together: the text itself, and what remains when some are removed. The added part is never longer than the word, so
 * that a random text that contains a word does not count as derived from it.
 *
 * @param numbers whether numbers are removed only as a whole, or also in part, for words that contain digits
 * themselves
 */
export function* strippedForms(text: string, numbers: 'whole' | 'in part'): Generator<string> {
  const characters = Array.from(text);
  const starts = addedCounts(characters, numbers);
  const cuts = addedCounts(characters.toReversed(), numbers);
  for (const start of starts) {
    for (const cut of cuts) {
      const length = characters.length - start - cut;
      const isAddition = start + cut <= addedMax && start + cut <= length;
      if (isAddition && length >= wordLengthMin) yield characters.slice(start, start + length).join('');
    }
  }
}

/**
 * The spellings of a word: unchanged, with digits and signs read as the letters that they resemble (`p4$$w0rd`) if at
 * least half of it are letters, and reversed.
 */
export function spellings(word: string): Set<string> {
  const characters = Array.from(word);
  const letters = characters.filter((character) => letter.test(character));
  const isReadable = letters.length * 2 >= characters.length;
  const read = readings.map((reading) =>
    characters.map((character) => reading.get(character) ?? character).join(''),
  );
  return new Set([word, ...(isReadable ? read : []), reverse(word)]);
}

/** How many characters at the start may have been added: none, or any number before the first letter. */
function addedCounts(characters: readonly string[], numbers: 'whole' | 'in part'): number[] {
  const firstLetter = characters.findIndex((character) => letter.test(character));
  const countMax = Math.min(addedMax, firstLetter === -1 ? characters.length : firstLetter);
  const isDigit = (index: number) => /\p{N}/u.test(characters[index] ?? '');
  const counts = Array.from({ length: countMax + 1 }, (_, count) => count);
  return numbers === 'in part'
    ? counts
    : counts.filter((count) => count === 0 || !isDigit(count - 1) || !isDigit(count));
}
