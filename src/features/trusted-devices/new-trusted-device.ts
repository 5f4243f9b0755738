import type { Deps } from '../../deps.ts';
import { type Device, readDevice } from '../../request/device.ts';
import type { Location } from '../../request/request-metadata.ts';
import { encodeTrustedDevice, type TrustEntry } from './trusted-device-token.ts';

/** How long a device is trusted, from its second step on. */
export const trustTtlSeconds = 30 * 86_400;

/** A device that its owner wants to be trusted, made before the statement that stores it. */
export interface NewTrustedDevice {
  /** UUID. */
  readonly id: string;
  readonly device: Device | null;
  readonly location: Location | null;
  /** What the device presented: it is replaced where it belongs to the same account. */
  readonly presented: readonly TrustEntry[];
}

/** Prepares that this client is trusted. */
export async function newTrustedDevice(
  { metadata }: Pick<Deps, 'metadata'>,
  presented: readonly TrustEntry[],
): Promise<NewTrustedDevice> {
  const device = await readDevice(metadata.userAgent);
  return { id: crypto.randomUUID(), device, location: metadata.location, presented };
}

/** Creates the token of a device that the account has trusted just now, beside the other accounts of the device. */
export function trustedDeviceTokenFor(
  { keyring }: Pick<Deps, 'keyring'>,
  { id, presented }: NewTrustedDevice,
  userId: string,
): string {
  const others = presented.filter((entry) => entry.userId !== userId);
  return encodeTrustedDevice(keyring, [{ id, userId }, ...others]);
}
