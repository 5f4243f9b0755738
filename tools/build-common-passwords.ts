import { writeFile } from 'node:fs/promises';
import { dictionary } from '@zxcvbn-ts/language-common';
import { toComparable, toPlain } from '../src/features/password/new-password/derivatives.ts';
import { findWeakness } from '../src/features/password/new-password/find-weakness.ts';
import { packWords } from '../src/features/password/new-password/word-table.ts';

const target = new URL('../src/features/password/new-password/packed-common-passwords.ts', import.meta.url);

/** Passwords that can be set and that no pattern refuses: ASVS 6.2.4 wants 3000. */
const refusedMin = 3000;

/** Shorter words cannot be set, but many passwords are made of them: those among the list's first, as many as 12 KiB hold. */
const stemRanks = 350;
const settableLengthMin = 8;
const stemLengthMin = 4;

/** Names of accounts and moments that a frequency list of passwords ranks too low to be stems, and people do not. */
const usualStems = [
  'admin',
  'root',
  'login',
  'guest',
  'user',
  'test',
  'default',
  'changeme',
  'welcome',
  'secret',
];

/** The text of `packed-common-passwords.ts`. */
export function buildCommonPasswords(): string {
  const ranked = dictionary['passwords-common'];
  const words = new Set<string>();
  const refusal = (password: string) => findWeakness(password, { common: words, context: new Set() });
  for (const stem of [...ranked.slice(0, stemRanks).map(toComparable), ...usualStems]) {
    const isStem = stem.length >= stemLengthMin && stem.length < settableLengthMin;
    if (isStem && refusal(stem) !== 'common') words.add(stem);
  }
  const stems = words.size;
  let refused = 0;
  let rank = 0;
  for (const password of ranked.filter((text) => text.length >= settableLengthMin)) {
    if (refused === refusedMin) break;
    rank += 1;
    const reason = refusal(password);
    if (reason === null) words.add(toPlain(toComparable(password)));
    if (reason !== 'pattern') refused += 1;
  }
  return `// Made by \`npm run build:common-passwords\` of @zxcvbn-ts/language-common (MIT); not edited by hand.

/**
 * With ${stems} shorter words of which passwords are made, ${words.size - stems} passwords: with them, their derivatives and the patterns,
 * the ${rank} most frequent ones of 8 and more characters are refused, ${refused} of them not by a pattern. See \`packWords\`.
 */
export const packedCommonPasswords = \`
${packWords(words)}
\`;
`;
}

if (import.meta.main) await writeFile(target, buildCommonPasswords());
