import { describe, expect, test } from 'vitest';
import { createKeyring } from '../../../src/crypto/keyring.ts';
import {
  encodeDeviceToken,
  type PresentedDevice,
  parseDeviceToken,
} from '../../../src/features/known-devices/device-token.ts';

const root = () => crypto.getRandomValues(new Uint8Array(32));
const keyring = createKeyring(root());

function device(accounts: number): PresentedDevice {
  return {
    id: crypto.randomUUID(),
    accounts: Array.from({ length: accounts }, (_, index) => ({
      userId: crypto.randomUUID(),
      generation: index * 1000,
    })),
  };
}

// What holds for every token of signed entries, test/crypto/signed-entries.test.ts shows.
describe('a device token', () => {
  test.each([1, 2, 5])('gives back the device and its accounts, %i of them', (count) => {
    const known = device(count);
    const token = encodeDeviceToken(keyring, known);
    expect(token).toMatch(/^nxd_[\w-]+$/);
    expect(parseDeviceToken(keyring, token)).toEqual(known);
  });

  test('holds at most five accounts, the latest ones, and fits into a cookie many times', () => {
    const known = device(9);
    const token = encodeDeviceToken(keyring, known);
    expect(parseDeviceToken(keyring, token)?.accounts).toEqual(known.accounts.slice(0, 5));
    expect(token.length).toBeLessThan(400);
  });

  test('is worth nothing under another secret, and still good under the one before (SUP-04)', () => {
    const [older, newer] = [root(), root()];
    const token = encodeDeviceToken(createKeyring(older), device(1));
    expect(parseDeviceToken(createKeyring(newer), token)).toBeNull();
    expect(parseDeviceToken(createKeyring(newer, older), token)).not.toBeNull();
  });

  test.each([
    ['', 'nothing'],
    ['nxd_', 'no content'],
    ['nxd_AAAA', 'too few bytes'],
    [`nxd_${'A'.repeat(22)}`, 'a device without an account'],
    [`nxd_${'A'.repeat(91)}`, 'a MAC of zeros'],
    [`nxd_${'A'.repeat(5000)}`, 'far too many bytes'],
    ['nxr_AAAA', 'the prefix of another kind'],
    ['nxd_%%%', 'characters that are none'],
  ])('%j is none: %s', (text) => {
    expect(parseDeviceToken(keyring, text)).toBeNull();
  });
});
