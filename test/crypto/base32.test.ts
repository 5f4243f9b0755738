import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBase32, encodeBase32 } from '../../src/crypto/base32.ts';

describe('base32', () => {
  test('the test vectors of RFC 4648 section 10 come out, without padding', () => {
    const vectors = {
      '': '',
      f: 'MY',
      fo: 'MZXQ',
      foo: 'MZXW6',
      foob: 'MZXW6YQ',
      fooba: 'MZXW6YTB',
      foobar: 'MZXW6YTBOI',
    };
    for (const [text, encoded] of Object.entries(vectors)) {
      const bytes = new TextEncoder().encode(text);
      expect(encodeBase32(bytes)).toBe(encoded);
      expect(decodeBase32(encoded)).toEqual(bytes);
    }
  });

  test('every character of the alphabet stands for its five bits', () => {
    const bytes = Uint8Array.from([
      0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf, 0x84, 0x65, 0x3a, 0x56, 0xd7, 0xc6, 0x75,
      0xbe, 0x77, 0xdf,
    ]);
    expect(encodeBase32(bytes)).toBe('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567');
  });

  test('decoding gives back every sequence of bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodeBase32(encodeBase32(bytes))).toEqual(bytes);
      }),
    );
  });

  test('a text that is decoded is the only text for its bytes', () => {
    const nearBase32 = fc.string({ unit: fc.constantFrom(...'AEIQY2467a018=- \n'), maxLength: 12 });
    const characters = fc.string({ unit: fc.constantFrom(...'AEIQYBCZ2467'), maxLength: 17 });
    fc.assert(
      fc.property(fc.oneof(nearBase32, characters, fc.string({ unit: 'binary' })), (text) => {
        const bytes = decodeBase32(text);
        if (bytes !== null) expect(encodeBase32(bytes)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['A', 'a length that no bytes have'],
    ['AAA', 'a length that no bytes have'],
    ['AAAAAA', 'a length that no bytes have'],
    ['AAAAAAAAA', 'a length that no bytes have'],
    ['MZ', 'unused bits that are not zero'],
    ['MZXR', 'unused bits that are not zero'],
    ['MZXW7', 'unused bits that are not zero'],
    ['MZXW6YR', 'unused bits that are not zero'],
    ['MY======', 'padding'],
    ['mzxw6ytb', 'lower case'],
    ['MZXW6YT0', 'a digit outside the alphabet'],
    ['MZXW6YT1', 'a digit outside the alphabet'],
    ['MZXW6YT8', 'a digit outside the alphabet'],
    ['MZXW 6YT', 'white space'],
    ['MZXW6YT\n', 'white space'],
    ['MZXW-6YT', 'a hyphen'],
    ['MZXW6YTÉ', 'a character outside ASCII'],
    ['MZXW6YT\ud800', 'half a character'],
  ])('the malformed text %j is refused: %s', (text) => {
    expect(decodeBase32(text)).toBeNull();
  });
});
