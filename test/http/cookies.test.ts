import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expiredCookie, expiredHostCookie, hostCookie, readCookie } from '../../src/http/cookies.ts';
import { fastestMs } from './fastest-ms.ts';

const name = '__Host-nexora_access';

describe('readCookie', () => {
  test.each<[row: string, header: string | null, value: string | null]>([
    ['no header', null, null],
    ['empty header', '', null],
    ['only cookie', `${name}=v1`, 'v1'],
    ['one of several', `a=1; ${name}=v1; b=2`, 'v1'],
    ['no blanks', `a=1;${name}=v1;b=2`, 'v1'],
    ['blanks and tabs', `a=1; \t${name} =\t v1 ;b=2`, 'v1'],
    ['empty value', `${name}=`, ''],
    ['equals signs in the value', `${name}=a=b==`, 'a=b=='],
    ['nothing is decoded', `${name}=%41"b"+`, '%41"b"+'],
    ['INP-12 the first of several', `${name}=first; ${name}=second`, 'first'],
    ['INP-12 the first, even when it is empty', `${name}=; ${name}=second`, ''],
    ['INP-12 the first, even when it is too long', `${name}=${'x'.repeat(4097)}; ${name}=second`, null],
    ['INP-12 100 duplicates', Array.from({ length: 100 }, (_, n) => `${name}=${n}`).join('; '), '0'],
    ['INP-12 4096 characters', `${name}=${'x'.repeat(4096)}`, 'x'.repeat(4096)],
    ['other case', '__host-nexora_access=v1', null],
    ['suffix', `x${name}=v1`, null],
    ['prefix', `${name}x=v1`, null],
    ['name without value', `${name}; a=1`, null],
    ['name inside another value', `a="${name}=v1"`, null],
    ['nameless cookie that holds a pair', `=${name}=v1`, null],
    ['no-break space before the name', `\u00a0${name}=v1`, null],
    ['vertical tab before the name', `\u000b${name}=v1`, null],
    ['garbage', `=;;%00; ;=; ==; ${name}=v1;;`, 'v1'],
  ])('finds exactly that name: %s', (_row, header, value) => {
    expect(readCookie(header, name)).toBe(value);
  });

  test('never throws, and finds what stands in the header', () => {
    const header = fc.string({ unit: fc.constantFrom(...'=; \t%0"a', '\u00a0', name), maxLength: 40 });
    fc.assert(
      fc.property(fc.oneof(header, fc.string({ unit: 'binary' })), (text) => {
        const value = readCookie(text, name);
        if (value !== null) expect(text).toContain(value);
      }),
      { numRuns: 1000 },
    );
  });

  test('INP-11: a header of 64 KiB is read in under 10 ms', async () => {
    for (const unit of ['=', ';', ' ', '\t;', 'a=b;', `${name}=`]) {
      const header = unit.repeat(65_536 / unit.length);
      expect(await fastestMs(() => readCookie(header, 'x'))).toBeLessThan(10);
    }
  });
});

describe('hostCookie', () => {
  test('sets a cookie for this host alone, which scripts cannot read (T23)', () => {
    expect(hostCookie(name, 'a.b-c_d~', 900)).toBe(
      '__Host-nexora_access=a.b-c_d~; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=900',
    );
  });

  test.each<[given: number, sent: string]>([
    [1.9, '1'],
    [-5, '0'],
    [34_560_000, '34560000'],
    [34_560_001, '34560000'],
    [Number.POSITIVE_INFINITY, '34560000'],
  ])('sends a whole number of seconds up to 400 days: %d', (given, sent) => {
    expect(hostCookie(name, 'v', given)).toMatch(new RegExp(`; Max-Age=${sent}$`));
  });

  test('takes every cookie-octet and refuses every other character (RFC 6265 4.1.1)', () => {
    for (let code = 0; code < 0x180; code++) {
      const value = String.fromCharCode(code);
      const isOctet = code > 0x20 && code < 0x7f && !'",;\\'.includes(value);
      if (isOctet) expect(hostCookie(name, value, 1)).toContain(`=${value};`);
      else expect(() => hostCookie(name, value, 1)).toThrow(TypeError);
    }
  });

  test('refuses an age that is not a number', () => {
    expect(() => hostCookie(name, 'v', Number.NaN)).toThrow(TypeError);
  });

  test.each(['__Host-a b', '__Host-a=b', '__Host-a;b', '__Host-a\r\nb', '__Host-é'] as const)(
    'refuses the name %j',
    (bad) => {
      expect(() => hostCookie(bad, 'v', 1)).toThrow(TypeError);
      expect(() => expiredHostCookie(bad)).toThrow(TypeError);
      expect(() => expiredCookie(bad)).toThrow(TypeError);
    },
  );

  test('an error never repeats the value', () => {
    expect(() => hostCookie(name, 'canary;', 1)).toThrow(/^(?!.*canary)/);
  });
});

describe('expiredHostCookie, expiredCookie', () => {
  test('drop the cookie with the attributes it was set with', () => {
    expect(expiredHostCookie(name)).toBe(
      '__Host-nexora_access=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0',
    );
    expect(expiredCookie('refreshToken')).toBe('refreshToken=; Path=/; Secure; HttpOnly; Max-Age=0');
  });
});
