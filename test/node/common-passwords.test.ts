import { readFile } from 'node:fs/promises';
import { dictionary } from '@zxcvbn-ts/language-common';
import { describe, expect, test } from 'vitest';
import { loadCommonPasswords } from '../../src/features/password/new-password/common-passwords.ts';
import { contextWords } from '../../src/features/password/new-password/context-words.ts';
import { findWeakness } from '../../src/features/password/new-password/find-weakness.ts';
import { buildCommonPasswords } from '../../tools/build-common-passwords.ts';
import { fastestMs } from '../http/fastest-ms.ts';

const built = new URL('../../src/features/password/new-password/packed-common-passwords.ts', import.meta.url);
const settable = dictionary['passwords-common'].filter((password) => password.length >= 8);

describe('the list of common passwords', () => {
  test('is what the build makes of the dictionary, byte for byte', async () => {
    expect(await readFile(built, 'utf8')).toBe(buildCommonPasswords());
  });

  test('refuses the most frequent passwords, 3000 of which are no pattern (ASVS 6.2.4)', async () => {
    const words = { common: await loadCommonPasswords(), context: new Set<string>() };
    const told = Number(/the (\d+) most frequent passwords/.exec(buildCommonPasswords())?.[1]);
    const weaknesses = settable.slice(0, told).map((password) => findWeakness(password, words));
    expect(settable.slice(0, told).filter((_, index) => weaknesses[index] === null)).toEqual([]);
    expect(weaknesses.filter((weakness) => weakness === 'common').length).toBeGreaterThanOrEqual(3000);
  });

  test('takes fewer than one in 100,000 other words for its own', async () => {
    const common = await loadCommonPasswords();
    const others = Array.from({ length: 200_000 }, (_, index) => `no password ${index}`);
    expect(others.filter((word) => common.has(word)).length).toBeLessThan(2);
  });
});

// Here and not in a Worker, whose clock may stand still meanwhile.
test('a password that is made to be slow is judged in a fraction of a hash', async () => {
  const words = {
    common: await loadCommonPasswords(),
    context: contextWords('ada.lovelace@engines.example'),
  };
  const hostile = [
    `${'1234567890'.repeat(25)}xy`,
    `!!!!!!${'!1'.repeat(120)}a`,
    '\ufdfa'.repeat(255).concat('x'),
    `${'ab'.repeat(127)}c`,
    `!!${'password'.repeat(31)}!?`,
    `!1!1!1${'x'.repeat(240)}1!1!1!`,
  ];
  for (const password of hostile) {
    expect(await fastestMs(() => findWeakness(password, words)), password).toBeLessThan(10);
  }
});
