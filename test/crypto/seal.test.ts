import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createKeyring } from '../../src/crypto/keyring.ts';
import { open, seal } from '../../src/crypto/seal.ts';

const oldSecret = crypto.getRandomValues(new Uint8Array(32));
const newSecret = crypto.getRandomValues(new Uint8Array(32));
const keyring = createKeyring(newSecret);
const place = 'totp_credentials.secret:42';

describe('seal and open', () => {
  test('every well-formed text comes back as it was, also an empty one and one with a byte order mark', async () => {
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '\ufeffabc', '\0', 'e\u0301'));
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect(await open(keyring, await seal(keyring, text, place), place)).toBe(text);
      }),
    );
  }, 30_000);

  test('a sealed value has four base64url parts and shows neither text nor place', async () => {
    const sealed = await seal(keyring, 'JBSWY3DPEHPK3PXP', place);
    expect(sealed).toMatch(/^v1\.[\w-]{6}\.[\w-]{16}\.[\w-]{43}$/);
    expect(sealed).not.toContain('JBSWY3DPEHPK3PXP');
  });

  test('the same text sealed twice has two different IVs', async () => {
    const [first, second] = await Promise.all([seal(keyring, 'text', place), seal(keyring, 'text', place)]);
    expect(first.split('.')[2]).not.toBe(second.split('.')[2]);
  });

  test('a value that is moved to another place does not open', async () => {
    const sealed = await seal(keyring, 'text', place);
    expect(await open(keyring, sealed, 'totp_credentials.secret:43')).toBeNull();
    expect(await open(keyring, sealed, '')).toBeNull();
  });

  test('changing any one character of a sealed value keeps it from opening', async () => {
    const sealed = await seal(keyring, 'text', place);
    for (const index of sealed.split('').keys()) {
      const changed = `${sealed.slice(0, index)}${sealed[index] === 'A' ? 'B' : 'A'}${sealed.slice(index + 1)}`;
      expect(await open(keyring, changed, place)).toBeNull();
    }
  });

  test('text that was never sealed does not open and does not throw', async () => {
    const sealed = await seal(keyring, 'text', place);
    const [version, keyId, iv, ciphertext] = sealed.split('.');
    const fixed = [
      '',
      '...',
      'v1',
      `${sealed}.`,
      `v2.${keyId}.${iv}.${ciphertext}`,
      `${version}.${keyId}.${iv}.AAAA`,
    ];
    const parts = [
      `${version}.${keyId}..${ciphertext}`,
      `${version}.${keyId}.AAAA.${ciphertext}`,
      `${sealed}=`,
    ];
    for (const text of [...fixed, ...parts, 'v1.\ud800.\ud800.\ud800']) {
      expect(await open(keyring, text, place)).toBeNull();
    }
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (tail) => {
        expect(await open(keyring, `${version}.${keyId}.${iv}.${tail}`, place)).toBeNull();
      }),
    );
  }, 30_000);

  test('ill-formed text is refused, since UTF-8 could not give it back', async () => {
    await expect(seal(keyring, '\ud800', place)).rejects.toThrow(TypeError);
    await expect(seal(keyring, 'text', '\ud800')).rejects.toThrow(TypeError);
    expect(await open(keyring, await seal(keyring, 'text', '\ufffd'), '\ud800')).toBeNull();
  });
});

describe('rotation', () => {
  test('SUP-04: old values open with the previous root, new ones name the current root', async () => {
    const before = await seal(createKeyring(oldSecret), 'text', place);
    const rotating = createKeyring(newSecret, oldSecret);
    const after = await seal(rotating, 'text', place);

    expect(await open(rotating, before, place)).toBe('text');
    expect(await open(rotating, after, place)).toBe('text');
    expect(after.split('.')[1]).not.toBe(before.split('.')[1]);
    expect(await open(createKeyring(newSecret), after, place)).toBe('text');
    expect(await open(createKeyring(newSecret), before, place)).toBeNull();
  });
});
