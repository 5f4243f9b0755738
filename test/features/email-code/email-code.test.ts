import { describe, expect, test } from 'vitest';
import { createKeyring } from '../../../src/crypto/keyring.ts';
import { createEmailCode, presentedEmailCodes } from '../../../src/features/email-code/email-code.ts';

const [first, second] = [0, 1].map(() => crypto.getRandomValues(new Uint8Array(32))) as [
  Uint8Array,
  Uint8Array,
];
const keyring = createKeyring(first);
const caller = { userId: crypto.randomUUID(), sessionId: crypto.randomUUID() };

describe('a code of a mail (OTP-16)', () => {
  test('has eight digits, leading zeros included, and lives ten minutes', () => {
    const codes = Array.from({ length: 2000 }, () => createEmailCode(keyring, caller));
    for (const { token, ttlSeconds, kind } of codes) {
      expect(token).toMatch(/^\d{8}$/);
      expect({ ttlSeconds, kind }).toEqual({ ttlSeconds: 600, kind: 'email_code' });
    }
    expect(codes.some(({ token }) => token.startsWith('0'))).toBe(true);
    expect(new Set(codes.map(({ token }) => token)).size).toBeGreaterThan(1990);
  });

  test('is as likely as any other: numbers beyond the last whole multiple are drawn again', () => {
    const drawn = [4_294_967_295, 4_200_000_000, 4_199_999_999];
    const random = crypto.getRandomValues.bind(crypto);
    const spy = (array: Uint32Array) => {
      array[0] = drawn.shift()!;
      return array;
    };
    crypto.getRandomValues = spy as typeof crypto.getRandomValues;
    try {
      expect(createEmailCode(keyring, caller).token).toBe('99999999');
      expect(drawn).toEqual([]);
    } finally {
      crypto.getRandomValues = random;
    }
  });

  test('is recognised by 32 bytes that depend on user, session, code and secret', () => {
    const { token, hash } = createEmailCode(keyring, caller);
    expect(hash).toMatch(/^[\da-f]{64}$/);
    const other = crypto.randomUUID();
    const hashes = [
      presentedEmailCodes(keyring, caller, token),
      presentedEmailCodes(keyring, { ...caller, userId: other }, token),
      presentedEmailCodes(keyring, { ...caller, sessionId: other }, token),
      presentedEmailCodes(keyring, { userId: caller.sessionId, sessionId: caller.userId }, token),
      presentedEmailCodes(keyring, caller, token === '00000000' ? '00000001' : '00000000'),
      presentedEmailCodes(createKeyring(second), caller, token),
    ].map(([presented]) => presented.hash);
    expect(hashes[0]).toBe(hash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('is recognised under the previous secret as well, while that is being replaced (SUP-04)', () => {
    const { token, hash } = createEmailCode(keyring, caller);
    const rotating = createKeyring(second, first);
    const [current, previous, ...rest] = presentedEmailCodes(rotating, caller, token);
    expect(previous).toEqual({ kind: 'email_code', hash });
    expect(current.hash).not.toBe(hash);
    expect(rest).toEqual([]);
    expect(presentedEmailCodes(keyring, caller, token)).toHaveLength(1);
  });
});
