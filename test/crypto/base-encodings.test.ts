import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBase32, encodeBase32 } from '../../src/crypto/base32.ts';
import { decodeBase64Url, encodeBase64Url } from '../../src/crypto/base64url.ts';

interface Encoding {
  readonly encode: (bytes: Uint8Array) => string;
  readonly decode: (text: string) => Uint8Array | null;
  /** Of the start of "foobar", by its length. */
  readonly vectors: readonly string[];
  /** Bytes whose text has the characters that matter. */
  readonly alphabet: readonly [bytes: readonly number[], text: string];
  /** Texts that are nearly right. */
  readonly near: fc.Arbitrary<string>;
  readonly malformed: readonly (readonly [text: string, why: string])[];
}

const charactersOf = (characters: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...characters), maxLength });

const encodings: Record<string, Encoding> = {
  base32: {
    encode: encodeBase32,
    decode: decodeBase32,
    vectors: ['', 'MY', 'MZXQ', 'MZXW6', 'MZXW6YQ', 'MZXW6YTB', 'MZXW6YTBOI'],
    alphabet: [
      [0, 68, 50, 20, 199, 66, 84, 182, 53, 207, 132, 101, 58, 86, 215, 198, 117, 190, 119, 223],
      'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
    ],
    near: fc.oneof(charactersOf('AEIQY2467a018=- \n', 12), charactersOf('AEIQYBCZ2467', 17)),
    malformed: [
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
    ],
  },
  base64url: {
    encode: encodeBase64Url,
    decode: decodeBase64Url,
    vectors: ['', 'Zg', 'Zm8', 'Zm9v', 'Zm9vYg', 'Zm9vYmE', 'Zm9vYmFy'],
    // The two that differ from base64.
    alphabet: [[0xfb, 0xef, 0xff], '--__'],
    near: charactersOf('AQgwBCDxyz019-_+/= \n', 12),
    malformed: [
      ['A', 'a length that no bytes have'],
      ['AAAAA', 'a length that no bytes have'],
      ['Zg==', 'padding'],
      ['Zm8=', 'padding'],
      ['Zh', 'unused bits that are not zero'],
      ['Zm9', 'unused bits that are not zero'],
      ['Zm+v', 'a character of base64'],
      ['Zm/v', 'a character of base64'],
      ['Zm9v\nAAA', 'white space'],
      [' Zm9vAAA', 'white space'],
      ['Zm 9vAAA', 'white space'],
      ['Zm9v.AAA', 'a full stop'],
      ['Z\u00e9AA', 'a character outside ASCII'],
      ['\ud800AAA', 'half a character'],
    ],
  },
};

describe.each(Object.entries(encodings))(
  '%s',
  (_name, { encode, decode, vectors, alphabet, near, malformed }) => {
    test('the test vectors of RFC 4648 section 10 come out, without padding', () => {
      for (const [length, encoded] of vectors.entries()) {
        const bytes = new TextEncoder().encode('foobar'.slice(0, length));
        expect(encode(bytes)).toBe(encoded);
        expect(decode(encoded)).toEqual(bytes);
      }
    });

    test('its characters stand for their bits', () => {
      const [bytes, text] = alphabet;
      expect(encode(Uint8Array.from(bytes))).toBe(text);
    });

    test('decoding gives back every sequence of bytes', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
          expect(decode(encode(bytes))).toEqual(bytes);
        }),
      );
    });

    test('a text that is decoded is the only text for its bytes', () => {
      fc.assert(
        fc.property(fc.oneof(near, fc.string({ unit: 'binary' })), (text) => {
          const bytes = decode(text);
          if (bytes !== null) expect(encode(bytes)).toBe(text);
        }),
        { numRuns: 2000 },
      );
    });

    test.each(malformed)('the malformed text %j is refused: %s', (text) => {
      expect(decode(text)).toBeNull();
    });
  },
);
