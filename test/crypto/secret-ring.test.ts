import { describe, expect, test } from 'vitest';
import { createSecretRing, isMacValid, mac } from '../../src/crypto/secret-ring.ts';

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
    const ring = createSecretRing(newSecret);
    expect(mac(ring, 'refresh-token', message)).toEqual(await expectedMac(newSecret, 'refresh-token'));
    expect(mac(ring, 'seal', message)).toEqual(await expectedMac(newSecret, 'seal'));
  });

  test('SUP-04: a tag for one purpose is worth nothing for another', () => {
    const ring = createSecretRing(newSecret);
    expect(isMacValid(ring, 'seal', message, mac(ring, 'refresh-token', message))).toBe(false);
  });

  test('is made with the current root also while there is a previous one', () => {
    const ring = createSecretRing(newSecret, oldSecret);
    expect(mac(ring, 'refresh-token', message)).toEqual(
      mac(createSecretRing(newSecret), 'refresh-token', message),
    );
  });
});

describe('isMacValid', () => {
  const oldTag = mac(createSecretRing(oldSecret), 'refresh-token', message);

  test('SUP-04: a tag outlives the rotation of its root until the previous root is removed', () => {
    expect(isMacValid(createSecretRing(oldSecret), 'refresh-token', message, oldTag)).toBe(true);
    expect(isMacValid(createSecretRing(newSecret, oldSecret), 'refresh-token', message, oldTag)).toBe(true);
    expect(isMacValid(createSecretRing(newSecret), 'refresh-token', message, oldTag)).toBe(false);
  });

  test('CRN-02: a changed, cut or lengthened tag and a changed message are refused without throwing', () => {
    const ring = createSecretRing(newSecret, oldSecret);
    const tag = mac(ring, 'refresh-token', message);
    for (const wrong of [tag.slice(0, 31), new Uint8Array(), new Uint8Array(33), tag.toReversed()]) {
      expect(isMacValid(ring, 'refresh-token', message, wrong)).toBe(false);
    }
    expect(isMacValid(ring, 'refresh-token', new TextEncoder().encode('a messagf'), tag)).toBe(false);
    expect(isMacValid(ring, 'refresh-token', message, tag)).toBe(true);
  });
});

describe('createSecretRing', () => {
  test('refuses a root of fewer than 32 bytes, current or previous', () => {
    expect(() => createSecretRing(new Uint8Array(31))).toThrow(TypeError);
    expect(() => createSecretRing(newSecret, new Uint8Array(31))).toThrow(TypeError);
    expect(() => createSecretRing(new Uint8Array(32), new Uint8Array(32))).not.toThrow();
  });

  test('does not follow later changes of the bytes that it was given', () => {
    const secret = newSecret.slice();
    const ring = createSecretRing(secret);
    secret.fill(0);
    expect(isMacValid(createSecretRing(newSecret), 'seal', message, mac(ring, 'seal', message))).toBe(true);
  });

  test('shows no key material when the ring is serialised or its members are listed', () => {
    const ring = createSecretRing(newSecret, oldSecret);
    mac(ring, 'seal', message);
    expect(JSON.stringify(ring)).toBe('{"current":{},"previous":{}}');
  });
});
