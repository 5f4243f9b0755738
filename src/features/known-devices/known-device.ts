import type { SecretRing } from '../../crypto/secret-ring.ts';
import {
  type DeviceAccount,
  encodeDeviceToken,
  type PresentedDevice,
  parseDeviceToken,
} from './device-token.ts';

/** The device that the first good one of these tokens describes; a new one where none is of ours. */
export function presentedDevice(secrets: SecretRing, tokens: readonly (string | null)[]): PresentedDevice {
  for (const token of tokens) {
    const known = token === null ? null : parseDeviceToken(secrets, token);
    if (known !== null) return known;
  }
  return { id: crypto.randomUUID(), accounts: [] };
}

/** The token that makes the device known to the account that has just signed in on it. */
export function deviceTokenFor(secrets: SecretRing, device: PresentedDevice, account: DeviceAccount): string {
  const others = device.accounts.filter(({ userId }) => userId !== account.userId);
  return encodeDeviceToken(secrets, { id: device.id, accounts: [account, ...others] });
}
