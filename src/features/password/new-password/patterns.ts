/** The longest unit whose repetition is a pattern, in characters; a longer one is treated as a word. */
const unitLengthMax = 4;

/** Keyboard walks: alphabets, digits, rows of QWERTY, QWERTZ, AZERTY and ЙЦУКЕН, their columns, those of the keypad. */
const tracks = [
  'abcdefghijklmnopqrstuvwxyzabcd',
  '12345678901234567890',
  '1357913579 2468024680 2468101214161820',
  "qwertyuiop[]\\ asdfghjkl;' zxcvbnm,./",
  'qwertzuiopü asdfghjklöä yxcvbnm',
  'azertyuiop qsdfghjklm wxcvbn',
  'йцукенгшщзхъ фывапролджэ ячсмитьбю абвгдежзийклмнопрстуфхцчшщъыьэюя',
  '!@#$%^&*()_+ 890-=',
  '1qaz 2wsx 3edc 4rfv 5tgb 6yhn 7ujm 8ik, 9ol. 0p;/',
  '!qaz @wsx #edc $rfv %tgb ^yhn &ujm *ik, (ol. )p;/',
  '1qay 6zhn 1aqw 2zsx',
  '7410 8520 9630 159 753',
].join(' ');
const walkable = `${tracks} ${reverse(tracks)}`;

const year = '(?:19|20)\\d\\d';
const month = '(?:0[1-9]|1[0-2])';
const day = '(?:0[1-9]|[12]\\d|3[01])';
const date = new RegExp(`^(?:${year}${month}${day}|${day}${month}${year}|${month}${day}${year})$`);

/**
 * Whether a text in lower case follows a pattern from its first character to its last:
 * - a unit of up to 4 characters, repeated: `aaaaaaaa`, `abcabcabcabc`, `12121212`;
 * - walks of three or more steps, one after the other, in either direction: `qwertyuiopasdfgh`, `1qaz2wsx`,
 *   `abcd4321`;
 * - such walks with every character doubled, or two of them interleaved: `112233445566`, `q1w2e3r4`;
 * - a date of eight digits.
 */
export function isPattern(text: string): boolean {
  const characters = Array.from(text);
  const everyOther = (offset: number) => characters.filter((_, index) => index % 2 === offset).join('');
  return (
    isRepetition(characters) ||
    isWalk(text) ||
    isWalk(text.replaceAll(/(.)\1+/gu, '$1')) ||
    (isWalk(everyOther(0)) && isWalk(everyOther(1))) ||
    date.test(text)
  );
}

/** Reverses a text. */
export function reverse(text: string): string {
  return Array.from(text).reverse().join('');
}

function isRepetition(characters: readonly string[]): boolean {
  const periods = Array.from({ length: unitLengthMax }, (_, index) => index + 1);
  return periods.some(
    (period) =>
      characters.length >= 2 * period &&
      characters.every((character, index) => index < period || character === characters[index - period]),
  );
}

/**
 * Every walk consists of pieces of 3 to 5 characters, so a text is a walk if such pieces reach from its start to its
 * end.
 */
function isWalk(text: string): boolean {
  const reached = new Set([0]);
  for (let start = 0; start < text.length; start++) {
    if (!reached.has(start)) continue;
    for (const end of [start + 3, start + 4, start + 5]) {
      if (end <= text.length && isPiece(text.slice(start, end))) reached.add(end);
    }
  }
  return text !== '' && reached.has(text.length);
}

function isPiece(piece: string): boolean {
  return !piece.includes(' ') && (walkable.includes(piece) || /^(.)\1+$/u.test(piece));
}
