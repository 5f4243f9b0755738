import { describe, expect, test } from 'vitest';
import { isEqualConstantTime, isSecretEqual } from '../../src/crypto/constant-time.ts';

describe('isEqualConstantTime', () => {
  test('equal bytes are equal, and a difference in any one place is seen', () => {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    expect(isEqualConstantTime(bytes, bytes.slice())).toBe(true);
    for (const index of bytes.keys()) {
      const changed = bytes.slice();
      changed[index] = (changed[index] ?? 0) ^ 0x80;
      expect(isEqualConstantTime(bytes, changed)).toBe(false);
    }
  });

  test('CRN-02, T16: bytes of different lengths are unequal and do not throw', () => {
    const bytes = new Uint8Array(32);
    for (const length of [0, 1, 31, 33, 10_240]) {
      expect(isEqualConstantTime(bytes, new Uint8Array(length))).toBe(false);
      expect(isEqualConstantTime(new Uint8Array(length), bytes)).toBe(false);
    }
  });
});

describe('isSecretEqual', () => {
  const secret = 'an operator secret of some length';

  test('CRN-02: only the same text is equal', () => {
    expect(isSecretEqual(secret, secret)).toBe(true);
    for (const presented of ['', 'a', secret.slice(1), `${secret} `, secret.toUpperCase(), `${secret}\0`]) {
      expect(isSecretEqual(presented, secret)).toBe(false);
    }
  });

  test('CRN-02: no text makes it throw, whatever its length and characters', () => {
    for (const presented of ['x'.repeat(10_240), '\0', '\ud800', 'é', '\u{1f600}'.repeat(500)]) {
      expect(isSecretEqual(presented, secret)).toBe(false);
    }
  });

  test('CRN-02: lone surrogates equal neither each other nor the replacement character', () => {
    expect(isSecretEqual('\ud800', '\udc00')).toBe(false);
    expect(isSecretEqual('\ud800', '\ufffd')).toBe(false);
    expect(isSecretEqual('\ufffd', '\ud800')).toBe(false);
  });
});
