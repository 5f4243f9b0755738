import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadCommonPasswords } from '../../../src/features/password/new-password/common-passwords.ts';
import { contextWords } from '../../../src/features/password/new-password/context-words.ts';
import {
  spellings,
  strippedForms,
  toComparable,
} from '../../../src/features/password/new-password/derivatives.ts';
import { findWeakness } from '../../../src/features/password/new-password/find-weakness.ts';
import { isPattern } from '../../../src/features/password/new-password/patterns.ts';
import { packWords, unpackWords } from '../../../src/features/password/new-password/word-table.ts';

const email = 'ada.lovelace1815+shop@mail.engines.example';

async function weaknessOf(password: string) {
  return findWeakness(password, { common: await loadCommonPasswords(), context: contextWords(email) });
}

describe('isPattern', () => {
  test.each([
    ['one character', ['aaaaaaaa', '........', '\u{1f600}'.repeat(8)]],
    ['a unit of up to four, also cut', ['abababab', 'xyzxyzxyz', '12ab12ab', 'xkqzxkqzxk']],
    [
      'the alphabet or digits',
      ['abcdefgh', 'hgfedcba', '12345678', '87654321', '90123456', '789012345678901'],
    ],
    ['rows of QWERTY', ['qwertyuiop', 'asdfghjkl', 'poiuytrewq', 'qwertyuiopasdfghjklzxcvbnm']],
    ['rows of QWERTZ and AZERTY', ['qwertzuiop', 'yxcvbnmasdf', 'azertyuiop', 'qsdfghjklm', 'wxcvbnazerty']],
    ['columns', ['1qaz2wsx3edc', 'zaq12wsx', '!qaz@wsx', '1qay2wsx', '1aqw2zsx', '147258369', 'rfvtgbyhn']],
    ['several walks', ['abcd4321', 'qwe123asd', 'abc123abc', '1234qwer', '123qweasdzxc', 'aaabbbccc']],
    ['doubled characters of a walk', ['112233445566', 'aabbccdd', 'qqwweerrtt']],
    ['two walks interleaved', ['1q2w3e4r5t', 'q1w2e3r4', 'a1b2c3d4', 'qawsedrf']],
    ['every other digit', ['13579135', '2468101214', '75319753']],
    ['rows of other scripts', ['йцукенгшщз', 'фывапролд', 'абвгдежзий']],
    ['a date', ['13101992', '10131992', '19921013', '20261124']],
  ])('is %s', (_kind, texts) => {
    expect(texts.filter((text) => !isPattern(text))).toEqual([]);
  });

  test.each([
    ['', 'a', 'ab'],
    ['abcdefgx', 'xabcdefg', 'qwertyui0', '1234567890ab'],
    ['xkqzpxkqzp', 'a7x2k9d4', '8301746290', '13131992', '18991013', '31121850'],
    ['securepass', 'correcthorsebatterystaple', 'definitely', 'photograph', 'qgmzkwpv'],
  ])('is none of %s', (...texts) => {
    expect(texts.filter(isPattern)).toEqual([]);
  });
});

describe('strippedForms', () => {
  test('takes digits and signs away on both sides, a number whole', () => {
    expect([...strippedForms('12words!99', 'whole')]).toEqual([
      '12words!99',
      '12words!',
      '12words',
      'words!99',
      'words!',
      'words',
    ]);
  });

  test('takes part of a number away for words that have digits of their own', () => {
    expect([...strippedForms('word1999', 'in part')]).toEqual([
      'word1999',
      'word199',
      'word19',
      'word1',
      'word',
    ]);
  });

  test.each([
    ['more than 6 characters', 'password7654321'],
    ['more than the word has', 'lisa!7654'],
    ['letters', 'xpasswordx'],
    ['what leaves fewer than 4 characters', '1cat1'],
  ])('never takes away %s', (_limit, text) => {
    expect(
      [...strippedForms(text, 'whole')]
        .filter((form) => /^[a-z]+$/.test(form))
        .filter((form) => form !== text),
    ).toEqual([]);
  });
});

describe('spellings', () => {
  test('read signs as the letters that they look like, and the word backwards', () => {
    expect(spellings('p4$$w0rd')).toContain('password');
    expect(spellings('l3tme1n')).toContain('letmein');
    expect(spellings('wi1dwo0d')).toContain('wildwood');
    expect(spellings('drowssap')).toContain('password');
  });

  test('read nothing where most of it are signs', () => {
    expect(spellings('70m4705')).toEqual(new Set(['70m4705', '5074m07']));
  });
});

describe('toComparable', () => {
  test.each([
    ['PassWord', 'password'],
    [' pass word\t', 'password'],
    ['p.a,s_s-w/ord', 'password'],
    ['\uff30\uff41ssword', 'password'],
    ['p4$$w0rd!', 'p4$$w0rd!'],
  ])('of %j is %j', (text, comparable) => {
    expect(toComparable(text)).toBe(comparable);
  });
});

describe('findWeakness', () => {
  test.each([
    [
      'common',
      [
        'password',
        'Password!!2024',
        '2024password',
        'p@ssw0rd',
        'DrowssaP99',
        'I love you!',
        'trustno1!',
        'Dragon2024',
        'monkey12',
        'qwerty2024',
      ],
    ],
    ['common', ['passwordpassword', 'PasswordPassword1', 'Password1Password1', 'dragondragondragon']],
    [
      'common',
      ['password1234567', 'Password12345678', 'monkey-12345678', 'passwordqwerty', 'qwertypassword'],
    ],
    ['common', ['admin1234', 'admin2024!', 'login123', 'root1234', 'guest1234', 'user1234', 'test12345']],
    ['common', ['pass\u200bword1']],
    [
      'pattern',
      [
        '1-2-3-4-5-6-7-8',
        'a b c d e f',
        '13.10.1992',
        '1992/10/13',
        'qwertyuiop!!',
        '11111112',
        'aaaaaaa1',
        'xabcabcabc',
        'qwertqwert',
        '-_-_-_-_',
      ],
    ],
    ['context', ['nexora', 'NexoraAuth!', 'nexora-auth-2026', 'aroxen99', 'Nexora Nexora']],
    ['context', ['2026NexoraAuth2026', 'nexora2024nexora', 'engines!engines', 'ada.lovelace/1815.1852']],
    [
      'context',
      [
        email,
        'ada.lovelace1815+shop',
        'AdaLovelace1815',
        'ada.lovelace18152',
        'engines.example',
        'Engines2026',
        'mail.engines.example!',
      ],
    ],
  ])('is %s for %j', async (weakness, passwords) => {
    for (const password of passwords) expect(await weaknessOf(password), password).toBe(weakness);
  });

  test.each([
    'correct horse battery staple',
    'one two three four five six seven eight nine ten and so on we go',
    'SecurePass123',
    'my nexora account lives in a purple barn',
    'nexora is not lovelace',
    'the right password',
    'password of mine',
    'ada and the engines',
    'password7f3k9x2m',
    'qwertyuiop is a row',
    'Tr0ub4dor&3',
    'zażółć gęślą jaźń',
    '\u5bc6\u7801\u5f88\u957f\u5f88\u957f\u7684',
  ])('is null for %s', async (password) => {
    expect(await weaknessOf(password)).toBeNull();
  });

  test('is null for random text of 12 and more characters', async () => {
    const common = await loadCommonPasswords();
    const words = { common, context: contextWords(email) };
    const printable = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
    // Not fast-check's own bias, which likes small values and so makes patterns.
    const random = fc.noBias(fc.string({ unit: printable, minLength: 12, maxLength: 64 }));
    fc.assert(
      fc.property(random, (password) => findWeakness(password, words) === null),
      { numRuns: 3000, seed: 1815 },
    );
  });
});

describe('contextWords', () => {
  test('are the product, the address, its parts and the names above its domain', () => {
    expect([...contextWords(email)].toSorted()).toEqual(
      [
        'nexora',
        'nexoraauth',
        'adalovelace1815shopmailenginesexample',
        'adalovelace1815shop',
        'adalovelace1815',
        'mailenginesexample',
        'enginesexample',
        'mail',
        'engines',
      ].toSorted(),
    );
  });

  test('leave out what is shorter than four characters', () => {
    expect([...contextWords('bob@aol.com')]).toEqual(['nexora', 'nexoraauth', 'bobaolcom', 'aolcom']);
  });
});

describe('a table of words', () => {
  test('has each of its words and no other', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 200 }), (words) => {
        const table = unpackWords(packWords(words));
        for (const word of words) expect(table.has(word)).toBe(true);
        expect(table.has(`${words.join()} `)).toBe(false);
      }),
    );
  });

  test('has nothing when it is empty, and is not made of anything else', () => {
    expect(unpackWords(packWords([])).has('')).toBe(false);
    expect(() => unpackWords('no table')).toThrow(TypeError);
  });
});
