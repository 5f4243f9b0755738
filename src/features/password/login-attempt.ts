import type { Address } from '../../address/address-key.ts';
import type { PresentedEmail } from '../../address/presented-email.ts';
import type { PresentedDevice } from '../known-devices/index.ts';

/** An attempt to sign in with a password, before anything is known of the account. */
export interface LoginAttempt {
  /** UUID made before the first try, so that a repeat of the statement does not count twice. */
  readonly id: string;
  readonly email: PresentedEmail;
  readonly address: Address;
  readonly device: PresentedDevice;
  /** Under what it counts: the key of the address, whether or not anybody has it. */
  readonly subject: string;
  /** The buckets of the subject in which it may count: that of untrusted devices, and that of the device. */
  readonly buckets: readonly [world: string, device: string];
}

export function loginAttempt(email: PresentedEmail, address: Address, device: PresentedDevice): LoginAttempt {
  const [subject] = address.keys;
  const buckets = [`${subject}:world`, `${subject}:${device.id}`] as const;
  return { id: crypto.randomUUID(), email, address, device, subject, buckets };
}
