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

  test('with any one byte changed loses what the byte belonged to: the whole for the id, else that account', () => {
    const known = device(2);
    const token = encodeDeviceToken(keyring, known);
    const bytes = Uint8Array.from(
      atob(token.slice(4).replaceAll('-', '+').replaceAll('_', '/')),
      (character) => character.charCodeAt(0),
    );
    for (let index = 0; index < bytes.length; index++) {
      const changed = bytes.slice();
      changed[index]! ^= 1;
      const text = btoa(String.fromCharCode(...changed))
        .replaceAll('+', '-')
        .replaceAll('/', '_')
        .replaceAll('=', '');
      const parsed = parseDeviceToken(keyring, `nxd_${text}`);
      const survivor = index < 16 ? undefined : known.accounts[index < 68 ? 1 : 0];
      expect(parsed?.accounts[0], `byte ${index}`).toEqual(survivor);
      expect(parsed?.accounts.length ?? 0).toBe(survivor === undefined ? 0 : 1);
    }
  });

  test('an account of one device says nothing on another: its MAC covers the device id', () => {
    const [mine, theirs] = [device(1), device(1)];
    const mineText = encodeDeviceToken(keyring, mine).slice(4);
    const theirText = encodeDeviceToken(keyring, theirs).slice(4);
    const bytesOf = (text: string) => atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const spliced = btoa(bytesOf(mineText) + bytesOf(theirText).slice(16));
    const text = spliced.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    expect(parseDeviceToken(keyring, `nxd_${text}`)?.accounts).toEqual(mine.accounts);
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
