import { describe, expect, test } from 'vitest';
import { createKeyring, isMacValid, mac } from '../../src/crypto/keyring.ts';

const message = new TextEncoder().encode('a message');
const oldSecret = crypto.getRandomValues(new Uint8Array(32));
const newSecret = crypto.getRandomValues(new Uint8Array(48));

/** HKDF-SHA-256 and HMAC-SHA-256 by WebCrypto, which shares no code with ours. */
async function expectedMac(secret: Uint8Array<ArrayBuffer>, label: string): Promise<Uint8Array> {
  const root = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
  const info = new TextEncoder().encode(`nexora-auth ${label}`);
  const algorithm = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info };
  const bits = await crypto.subtle.deriveBits(algorithm, root, 256);
  const key = await crypto.subtle.importKey('raw', bits, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, message));
}

describe('mac', () => {
  test('is HMAC-SHA-256 under an HKDF-SHA-256 sub-key, as WebCrypto computes them', async () => {
    const keyring = createKeyring(newSecret);
    expect(mac(keyring, 'refresh-token', message)).toEqual(await expectedMac(newSecret, 'refresh-token'));
    expect(mac(keyring, 'seal', message)).toEqual(await expectedMac(newSecret, 'seal'));
  });

  test('SUP-04: a tag for one purpose is worth nothing for another', () => {
    const keyring = createKeyring(newSecret);
    expect(isMacValid(keyring, 'seal', message, mac(keyring, 'refresh-token', message))).toBe(false);
  });

  test('is made with the current root also while there is a previous one', () => {
    const keyring = createKeyring(newSecret, oldSecret);
    expect(mac(keyring, 'refresh-token', message)).toEqual(
      mac(createKeyring(newSecret), 'refresh-token', message),
    );
  });
});

describe('isMacValid', () => {
  const oldTag = mac(createKeyring(oldSecret), 'refresh-token', message);

  test('SUP-04: a tag outlives the rotation of its root until the previous root is removed', () => {
    expect(isMacValid(createKeyring(oldSecret), 'refresh-token', message, oldTag)).toBe(true);
    expect(isMacValid(createKeyring(newSecret, oldSecret), 'refresh-token', message, oldTag)).toBe(true);
    expect(isMacValid(createKeyring(newSecret), 'refresh-token', message, oldTag)).toBe(false);
  });

  test('CRN-02: a changed, cut or lengthened tag and a changed message are refused without throwing', () => {
    const keyring = createKeyring(newSecret, oldSecret);
    const tag = mac(keyring, 'refresh-token', message);
    for (const wrong of [tag.slice(0, 31), new Uint8Array(), new Uint8Array(33), tag.toReversed()]) {
      expect(isMacValid(keyring, 'refresh-token', message, wrong)).toBe(false);
    }
    expect(isMacValid(keyring, 'refresh-token', new TextEncoder().encode('a messagf'), tag)).toBe(false);
    expect(isMacValid(keyring, 'refresh-token', message, tag)).toBe(true);
  });
});

describe('createKeyring', () => {
  test('refuses a root of fewer than 32 bytes, current or previous', () => {
    expect(() => createKeyring(new Uint8Array(31))).toThrow(TypeError);
    expect(() => createKeyring(newSecret, new Uint8Array(31))).toThrow(TypeError);
    expect(() => createKeyring(new Uint8Array(32), new Uint8Array(32))).not.toThrow();
  });

  test('does not follow later changes of the bytes that it was given', () => {
    const secret = newSecret.slice();
    const keyring = createKeyring(secret);
    secret.fill(0);
    expect(isMacValid(createKeyring(newSecret), 'seal', message, mac(keyring, 'seal', message))).toBe(true);
  });

  test('shows no key material when the keyring is serialised or its members are listed', () => {
    const keyring = createKeyring(newSecret, oldSecret);
    mac(keyring, 'seal', message);
    expect(JSON.stringify(keyring)).toBe('{"current":{},"previous":{}}');
  });
});
