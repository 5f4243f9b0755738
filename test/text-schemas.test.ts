import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { presentedEmail } from '../src/address/presented-email.ts';
import * as texts from '../src/text-schemas.ts';
import {
  emailAddress,
  localeTag,
  newPassword,
  personName,
  presentedPassword,
  uuid,
} from '../src/text-schemas.ts';
import { fastestMs } from './http/fastest-ms.ts';

const accepts = (schema: z.core.$ZodType, value: unknown) => z.safeParse(schema, value).success;

/** Labels of 63 characters, so that the domain has exactly `length` of them. */
const domainOf = (length: number) =>
  `${`${'d'.repeat(63)}.`.repeat(3)}`
    .slice(0, length - 4)
    .replace(/\.$/, 'd')
    .concat('.com');

describe('emailAddress', () => {
  test.each<[row: string, input: string, output: string]>([
    ['plain', 'user@example.com', 'user@example.com'],
    ['T34 case', 'User.Name@EXAMPLE.Com', 'user.name@example.com'],
    ['blanks around', ' \tuser@example.com\u00a0', 'user@example.com'],
    ['tag', "o'neil+news_1@mail.example.co.uk", "o'neil+news_1@mail.example.co.uk"],
    ['every atext character', "!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"],
    ['T34 IDN', 'user@Bücher.example', 'user@xn--bcher-kva.example'],
    ['T34 IDN that is punycode already', 'user@XN--BCHER-KVA.example', 'user@xn--bcher-kva.example'],
    ['T34 IDN top level', 'user@例え.テスト', 'user@xn--r8jz45g.xn--zckzah'],
    ['T34 ideographic full stop', 'user@例え。テスト', 'user@xn--r8jz45g.xn--zckzah'],
    ['T34 Kelvin sign in the domain', 'user@\u212a.example', 'user@k.example'],
    ['digits in labels', '1@3com.example', '1@3com.example'],
    ['longest local part', `${'a'.repeat(64)}@x.example`, `${'a'.repeat(64)}@x.example`],
    ['longest label', `a@${'b'.repeat(63)}.example`, `a@${'b'.repeat(63)}.example`],
    ['254 characters', `${'a'.repeat(64)}@${domainOf(189)}`, `${'a'.repeat(64)}@${domainOf(189)}`],
  ])('reads one address in its canonical form: %s', (_row, input, output) => {
    expect(z.parse(emailAddress, input)).toBe(output);
  });

  test.each<[row: string, input: unknown]>([
    ['EML-02 array', ['v@x.example', 'e@y.example']],
    ['EML-02 object', { email: 'v@x.example' }],
    ['EML-02 comma', 'v@x.example,e@y.example'],
    ['EML-02 semicolon', 'v@x.example;e@y.example'],
    ['EML-02 second @', 'a@evil.example@victim.example'],
    ['EML-02 fullwidth @', 'a@evil.example\uff20victim.example'],
    ['EML-02 small @', 'a@evil.example\ufe6bvictim.example'],
    ['EML-02 fullwidth @ alone', 'a\uff20victim.example'],
    ['EML-02 quoted local part', '"a@evil.example"@x.example'],
    ['EML-02 quotes', '"a"@x.example'],
    ['EML-02 header', 'v@x.example\r\nBcc: e@y.example'],
    ['EML-02 line break at the end', 'v@x.example\r\n'],
    ['EML-02 line break at the start', '\nv@x.example'],
    ['EML-02 NUL', 'v@x.example\u0000'],
    ['EML-02 NUL inside', 'v\u0000@x.example'],
    ['EML-02 blank in the local part', 'v w@x.example'],
    ['EML-02 blank in the domain', 'v@x .example'],
    ['EML-02 tab in the domain, which URL drops', 'v@x\t.example'],
    ['EML-02 display name', 'V <v@x.example>'],
    ['EML-02 comment', 'v(comment)@x.example'],
    ['EML-02 route', '@relay.example:v@x.example'],
    ['EML-02 no @', 'x.example'],
    ['EML-02 empty', ''],
    ['EML-02 empty local part', '@x.example'],
    ['EML-02 empty domain', 'v@'],
    ['EML-02 two dots', 'v..w@x.example'],
    ['EML-02 dot first', '.v@x.example'],
    ['EML-02 dot last', 'v.@x.example'],
    ['EML-02 percent in the domain', 'v@ex%61mple.com'],
    ['EML-02 port', 'v@x.example:25'],
    ['EML-02 path', 'v@x.example/y.example'],
    ['EML-02 backslash', 'v@x.example\\y.example'],
    ['EML-02 character that is a slash under NFKC', 'v@x.example\u2100.example'],
    ['EML-02 fullwidth comma', 'v@x\uff0cy.example'],
    ['T34 dotless i', 'm\u0131ke@x.example'],
    ['T34 Kelvin sign in the local part', '\u212aate@x.example'],
    ['T34 I with dot', '\u0130a@x.example'],
    ['no dot', 'v@localhost'],
    ['dot at the end', 'v@x.example.'],
    ['ideographic dot at the end', 'v@x.example\u3002'],
    ['dot at the start', 'v@.x.example'],
    ['two dots in the domain', 'v@x..example'],
    ['hyphen first', 'v@-x.example'],
    ['hyphen last', 'v@x-.example'],
    ['underscore', 'v@x_y.example'],
    ['IPv4', 'v@192.0.2.1'],
    ['IPv4 in hexadecimal', 'v@0x7f.1'],
    ['IPv4 in fullwidth digits', 'v@\uff11\uff12\uff17.\uff11'],
    ['IP literal', 'v@[192.0.2.1]'],
    ['IPv6 literal', 'v@[IPv6:2001:db8::1]'],
    ['punycode that decodes to nothing', 'v@xn--.example'],
    ['lone surrogate', 'v@\ud800.example'],
    ['INP-10 local part of 65', `${'a'.repeat(65)}@x.example`],
    ['INP-10 label of 64', `a@${'b'.repeat(64)}.example`],
    ['INP-10 255 characters', `${'a'.repeat(64)}@${domainOf(190)}`],
    ['INP-10 IDN that grows beyond 254', `${'a'.repeat(64)}@${`${'ü'.repeat(40)}.`.repeat(4)}example`],
  ])('refuses everything else: %s', (_row, input) => {
    expect(accepts(emailAddress, input)).toBe(false);
  });

  test('T34: whatever comes out is lower-case ASCII with one @, and comes out unchanged when it is read again', () => {
    const part = fc.string({
      unit: fc.oneof(
        fc.constantFrom(...'aZ0.-_@＠。ﬁİKßü\u00ad'),
        fc.string({ unit: 'binary', maxLength: 1 }),
      ),
      maxLength: 12,
    });
    const shaped = fc
      .tuple(fc.string({ unit: fc.constantFrom(...'aB1.+'), minLength: 1 }), part)
      .map(([local, domain]) => `${local}@${domain}.example`);
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(shaped, fc.emailAddress(), fc.string({ unit: 'binary' })), (text) => {
        const { success, data } = z.safeParse(emailAddress, text);
        if (!success) return;
        accepted++;
        expect(data).toMatch(/^[!-?A-~]+@[a-z0-9.-]+$/);
        expect(data).toBe(data.toLowerCase());
        expect(data.length).toBeLessThanOrEqual(254);
        expect(z.parse(emailAddress, data)).toBe(data);
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});

describe('personName', () => {
  test.each<[row: string, input: string, output: string]>([
    ['trimmed', '  Ada Lovelace \n', 'Ada Lovelace'],
    ['NFC', 'Zoe\u0308', 'Zo\u00eb'],
    ['any script', 'محمد 山田 O’Neil-Straße Jr.', 'محمد 山田 O’Neil-Straße Jr.'],
    ['100 code points', '😀'.repeat(100), '😀'.repeat(100)],
    ['100 that were 200 before NFC', 'e\u0301'.repeat(100), 'é'.repeat(100)],
  ])('takes what people are called: %s', (_row, input, output) => {
    expect(z.parse(personName, input)).toBe(output);
  });

  test.each<[row: string, input: unknown]>([
    ['INP-08 number', 1],
    ['empty', ''],
    ['blank', ' \t\u3000'],
    ['nothing to be seen', '\u200b\u200d'],
    ['INP-10 101 code points', 'a'.repeat(101)],
    ['INP-10 20 KiB', 'a'.repeat(20_480)],
    ['INP-09 NUL', 'a\u0000b'],
    ['EML-11 line break', 'a\r\nBcc: b'],
    ['EML-11 C1 control', 'a\u0085b'],
    ['EML-11 line separator', 'a\u2028b'],
    ['EML-11 paragraph separator', 'a\u2029b'],
    ['EML-11 bidi override', 'a\u202eb'],
    ['EML-11 bidi isolate', 'a\u2066b'],
    ['EML-11 markup', '<a href=//evil>'],
    ['EML-11 closing bracket', 'a>b'],
    ['EML-11 link', 'http://evil'],
    ['PWD-07 lone surrogate', 'a\ud800b'],
  ])('refuses: %s', (_row, input) => {
    expect(accepts(personName, input)).toBe(false);
  });
});

describe('newPassword', () => {
  test.each<[row: string, input: string]>([
    ['PWD-01 8', 'a'.repeat(8)],
    ['PWD-01 64', 'a'.repeat(64)],
    ['PWD-01 256', 'a'.repeat(256)],
    ['PWD-03 8 code points beyond the BMP', '😀'.repeat(8)],
    ['PWD-03 256 code points beyond the BMP', '😀'.repeat(256)],
    ['PWD-03 256 after NFC', 'e\u0301'.repeat(256)],
    ['PWD-04 decomposed text stays as it is', 'e\u0301'.repeat(8)],
    ['PWD-05 blanks and compatibility characters stay as they are', ' \ufb01 A b\tc\n '],
  ])('takes it unchanged: %s', (_row, input) => {
    expect(z.parse(newPassword(8), input)).toBe(input);
  });

  test.each<[row: string, input: unknown, code: string]>([
    ['PWD-01 7', 'a'.repeat(7), 'too_small'],
    ['PWD-01 257', 'a'.repeat(257), 'too_big'],
    ['PWD-03 7 code points in 14 units', '😀'.repeat(7), 'too_small'],
    ['PWD-03 7 after NFC', 'e\u0301'.repeat(7), 'too_small'],
    ['PWD-06 NUL', 'abcdefgh\u0000ijklmnop', 'custom'],
    ['PWD-07 lone surrogate', 'abcdefgh\ud800', 'custom'],
    ['INP-08 list', ['abcdefgh'], 'invalid_type'],
    ['INP-10 longer than what can be presented', 'a'.repeat(4097), 'too_big'],
  ])('refuses: %s', (_row, input, code) => {
    expect(z.safeParse(newPassword(8), input).error?.issues.map((issue) => issue.code)).toEqual([code]);
  });

  test('PWD-01: every password that can be set can be presented', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'e\u0301', '\u1112\u1161\u11ab', '😀'), minLength: 8 }),
        (text) => {
          fc.pre(accepts(newPassword(8), text));
          expect(z.parse(presentedPassword, text)).toBe(text);
        },
      ),
    );
  });
});

describe('presentedPassword', () => {
  test.each<[row: string, input: string]>([
    ['PWD-12 one character', 'a'],
    ['PWD-02 4096 units', 'a'.repeat(4096)],
    ['PWD-05 blanks', '  '],
  ])('takes it unchanged: %s', (_row, input) => {
    expect(z.parse(presentedPassword, input)).toBe(input);
  });

  test.each<[row: string, input: unknown]>([
    ['empty', ''],
    ['INP-10 4097 units', 'a'.repeat(4097)],
    ['PWD-06 NUL', 'abcdefgh\u0000'],
    ['PWD-07 lone surrogate', '\udc00'],
    ['INP-08 number', 12345678],
  ])('refuses: %s', (_row, input) => {
    expect(accepts(presentedPassword, input)).toBe(false);
  });
});

describe('localeTag', () => {
  test.each([
    ['en', 'en'],
    ['DE-ch', 'de-CH'],
    ['zh-hans-cn', 'zh-Hans-CN'],
    ['iw', 'he'],
    ['de-CH-1996', 'de-CH-1996'],
    ['de-abcdefgh-bcdefghi-cdefghij-defgh', 'de-abcdefgh-bcdefghi-cdefghij-defgh'],
  ])('reads %s as %s', (input, output) => {
    expect(z.parse(localeTag, input)).toBe(output);
  });

  test.each([
    ['empty', ''],
    ['one letter', 'e'],
    ['underscore', 'de_CH'],
    ['repeated variant', 'de-1996-1996'],
    ['hyphen at the end', 'de-'],
    ['header injection', 'de\r\nX: y'],
    ['36 characters', 'de-abcdefgh-bcdefghi-cdefghij-defghi'],
    ['not text', 1],
  ])('refuses: %s', (_name, input) => {
    expect(accepts(localeTag, input)).toBe(false);
  });
});

describe('uuid', () => {
  test('reads any version in lower case', () => {
    expect(z.parse(uuid, '0198C5F2-AAAA-7BBB-8CCC-1234567890AB')).toBe(
      '0198c5f2-aaaa-7bbb-8ccc-1234567890ab',
    );
  });

  test.each([
    ["INP-10 x' OR 1=1", "x' OR 1=1"],
    ['line break at the end', '0198c5f2-aaaa-7bbb-8ccc-1234567890ab\n'],
    ['braces', '{0198c5f2-aaaa-7bbb-8ccc-1234567890ab}'],
    ['no hyphens', '0198c5f2aaaa7bbb8ccc1234567890ab'],
    ['not text', 1],
  ])('refuses: %s', (_name, input) => {
    expect(accepts(uuid, input)).toBe(false);
  });
});

describe('INP-11', () => {
  const schemas = { ...texts, presentedEmail };
  const units = ['a', 'a.', 'a-', '-', '@', ' ', '\ufdfa', '.a@', 'e\u0301', ':/', '1'];
  const worst = units.map((unit) => unit.repeat(65_536 / unit.length));

  test.each(Object.entries(schemas))('%s judges 64 KiB in under 10 ms', async (_name, text) => {
    const schema = typeof text === 'function' ? text(8, '') : text;
    for (const text of worst.flatMap((text) => [text, `a@${text}`, `${text}\u0000`])) {
      expect(await fastestMs(() => accepts(schema, text))).toBeLessThan(10);
    }
  });

  test('emailAddress takes under 10 ms for the worst that passes its length limits', async () => {
    for (const text of worst.flatMap((text) => [
      `a@${text.slice(0, 252)}`,
      `${text.slice(0, 64)}@x.example`,
    ])) {
      expect(await fastestMs(() => accepts(emailAddress, text))).toBeLessThan(10);
    }
  });
});
