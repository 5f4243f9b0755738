import type { SecretRing } from '../../crypto/secret-ring.ts';
import {
  type DeviceAccount,
  encodeDeviceToken,
  type PresentedDevice,
  parseDeviceToken,
} from './device-token.ts';

/** The device that a token describes; a new one where there is no token or it is none of ours. */
export function presentedDevice(secrets: SecretRing, token: string | null): PresentedDevice {
  const known = token === null ? null : parseDeviceToken(secrets, token);
  return known ?? { id: crypto.randomUUID(), accounts: [] };
}

/** The token that makes the device known to the account that has just signed in on it. */
export function deviceTokenFor(secrets: SecretRing, device: PresentedDevice, account: DeviceAccount): string {
  const others = device.accounts.filter(({ userId }) => userId !== account.userId);
  return encodeDeviceToken(secrets, { id: device.id, accounts: [account, ...others] });
}
