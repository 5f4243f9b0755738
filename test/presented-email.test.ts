import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { presentedEmail } from '../src/address/presented-email.ts';
import { emailAddress } from '../src/text-schemas.ts';

const read = (text: string) => z.parse(presentedEmail, text);
const accepts = (value: unknown) => z.safeParse(presentedEmail, value).success;

describe('presentedEmail', () => {
  test.each([
    ['an address of today', ' User@Example.com ', ['user@example.com']],
    [
      'a domain in letters',
      'User@b\u00fccher.example',
      ['user@xn--bcher-kva.example', 'user@b\u00fccher.example'],
    ],
    [
      'a domain in capitals',
      'u@B\u00dcCHER.example',
      ['u@xn--bcher-kva.example', 'u@b\u00fccher.example', 'u@b\u00dccher.example'],
    ],
    ['a local part beyond ASCII', 'j\u00fcrgen@Example.com', ['j\u00fcrgen@example.com']],
    ['such a one in capitals', 'J\u00dcRGEN@x.example', ['j\u00fcrgen@x.example', 'j\u00dcrgen@x.example']],
    ['letters not in NFC', 'zoe\u0308@x.example', ['zo\u00eb@x.example', 'zoe\u0308@x.example']],
    ['no dot in the domain', 'Admin@localhost', ['admin@localhost']],
    ['an address literal', 'user@[192.0.2.1]', ['user@[192.0.2.1]']],
    ['a quoted local part', '"John Doe"@example.com', ['"john doe"@example.com']],
    ['two dots', 'a..b@example.com', ['a..b@example.com']],
    ['a long local part', `${'a'.repeat(65)}@x.example`, [`${'a'.repeat(65)}@x.example`]],
    ['255 characters', `${'a'.repeat(245)}@x.example`, [`${'a'.repeat(245)}@x.example`]],
  ])('gives the forms in which it may be stored, for %s', (_what, text, spellings) => {
    const { address, spellings: given } = read(text);
    expect(address).toBe(spellings[0]);
    expect(given.toSorted()).toEqual(spellings.toSorted());
  });

  test('puts what was typed first, and knows the letters of a domain in punycode', () => {
    expect(read('User@b\u00fccher.example').spellings[0]).toBe('user@b\u00fccher.example');
    expect(read('user@xn--bcher-kva.example').spellings).toEqual([
      'user@xn--bcher-kva.example',
      'user@b\u00fccher.example',
    ]);
    expect(read('user@xn--a.example').spellings).toEqual(['user@xn--a.example']);
  });

  test.each<[row: string, input: unknown]>([
    ['EML-02 object', { email: 'v@x.example' }],
    ['EML-02 comma', 'v@x.example,e@y.example'],
    ['EML-02 second @', 'a@evil.example@victim.example'],
    ['EML-02 fullwidth @', 'a@evil.example\uff20victim.example'],
    ['EML-02 quoted @', '"a@evil.example"@x.example'],
    ['EML-02 header', 'v@x.example\r\nBcc: e@y.example'],
    ['EML-02 line break at the end', 'v@localhost\n'],
    ['EML-02 NUL', 'v@x.example\u0000'],
    ['EML-02 tab', 'v\t@localhost'],
    ['no @', 'x.example'],
    ['empty', ''],
    ['no local part', '@localhost'],
    ['no domain', ' v@ '],
    ['PWD-07 lone surrogate', 'v\ud800@x.example'],
    ['T34 Kelvin sign in the local part', '\u212a@x.example'],
    ['T34 letters of a mark that NFC makes ASCII', 'a\u1fefb@x.example'],
    ['256 characters', `${'a'.repeat(246)}@x.example`],
  ])('refuses %s', (_row, input) => {
    expect(accepts(input)).toBe(false);
  });

  test('takes every address of today as that one, and has no other of today among its forms (T34)', () => {
    let [ofToday, earlier] = [0, 0];
    const unit = fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...'abZ019-') },
      { weight: 3, arbitrary: fc.constantFrom(...'_."@\u212a\u0130\u03a3\u00c5\ufb01\uff21\u3002\u1fef') },
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    );
    const part = fc.string({ unit, minLength: 1, maxLength: 5 });
    const shaped = fc.tuple(part, part).map(([local, domain]) => `${local}@${domain}.example`);
    fc.assert(
      fc.property(fc.oneof(shaped, fc.emailAddress()), (text) => {
        const { success, data } = z.safeParse(presentedEmail, text);
        const today = z.safeParse(emailAddress, text);
        if (today.success) expect(data?.address).toBe(today.data);
        if (!success) return;
        if (today.success) ofToday++;
        else earlier++;
        const forms = data.spellings.filter((form) => z.safeParse(emailAddress, form).data === form);
        expect(forms).toEqual(today.success ? [today.data] : []);
        expect(data.spellings).toContain(data.address);
      }),
      { numRuns: 2000 },
    );
    expect(ofToday).toBeGreaterThan(100);
    expect(earlier).toBeGreaterThan(100);
  });
});
