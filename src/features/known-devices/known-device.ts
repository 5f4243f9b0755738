import type { Keyring } from '../../crypto/keyring.ts';
import {
  type DeviceAccount,
  encodeDeviceToken,
  type PresentedDevice,
  parseDeviceToken,
} from './device-token.ts';

/** Returns the device of the first valid token; a new one if none is valid. */
export function presentedDevice(keyring: Keyring, tokens: readonly (string | null)[]): PresentedDevice {
  for (const token of tokens) {
    const known = token === null ? null : parseDeviceToken(keyring, token);
    if (known !== null) return known;
  }
  return { id: crypto.randomUUID(), accounts: [] };
}

/** The device of a token that was kept; a new one if it is not valid. */
export function deviceOfToken(keyring: Keyring, token: string): PresentedDevice {
  return presentedDevice(keyring, [token]);
}

/** Creates the token that makes the device known to the account that has just signed in on it. */
export function deviceTokenFor(keyring: Keyring, device: PresentedDevice, account: DeviceAccount): string {
  const others = device.accounts.filter(({ userId }) => userId !== account.userId);
  return encodeDeviceToken(keyring, { id: device.id, accounts: [account, ...others] });
}
