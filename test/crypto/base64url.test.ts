import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBase64Url, encodeBase64Url } from '../../src/crypto/base64url.ts';

describe('base64url', () => {
  test('the test vectors of RFC 4648 section 10 come out, without padding', () => {
    const vectors = {
      '': '',
      f: 'Zg',
      fo: 'Zm8',
      foo: 'Zm9v',
      foob: 'Zm9vYg',
      fooba: 'Zm9vYmE',
      foobar: 'Zm9vYmFy',
    };
    for (const [text, encoded] of Object.entries(vectors)) {
      expect(encodeBase64Url(new TextEncoder().encode(text))).toBe(encoded);
    }
  });

  test('the two characters that differ from base64 are the URL-safe ones', () => {
    expect(encodeBase64Url(new Uint8Array([0xfb, 0xef, 0xff]))).toBe('--__');
  });

  test('decoding gives back every sequence of bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodeBase64Url(encodeBase64Url(bytes))).toEqual(bytes);
      }),
    );
  });

  test('a text that is decoded is the only text for its bytes', () => {
    const nearBase64 = fc.string({ unit: fc.constantFrom(...'AQgwBCDxyz019-_+/= \n'), maxLength: 12 });
    fc.assert(
      fc.property(fc.oneof(nearBase64, fc.string({ unit: 'binary' })), (text) => {
        const bytes = decodeBase64Url(text);
        if (bytes !== null) expect(encodeBase64Url(bytes)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    'A',
    'AAAAA',
    'Zg==',
    'Zm8=',
    'Zh',
    'Zm9',
    'Zm+v',
    'Zm/v',
    'Zm9v\nAAA',
    ' Zm9vAAA',
    'Zm 9vAAA',
    'Zm9v.AAA',
    'ZéAA',
    '\ud800AAA',
  ])('the malformed text %j is refused', (text) => {
    expect(decodeBase64Url(text)).toBeNull();
  });
});
