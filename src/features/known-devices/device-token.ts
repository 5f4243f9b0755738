import type { Keyring } from '../../crypto/keyring.ts';
import {
  decodeSignedEntries,
  encodeSignedEntries,
  type SignedEntriesFormat,
} from '../../crypto/signed-entries.ts';
import { uuidBytes, uuidText } from '../../crypto/uuid-bytes.ts';

/** One account that has signed in on a device. */
export interface DeviceAccount {
  readonly userId: string;
  /** `users.device_generation` at that sign-in: once the user's has increased, the device is no longer known. */
  readonly generation: number;
}

/** A device, as described by its token. */
export interface PresentedDevice {
  /** A random UUID, the same for all accounts on the device. */
  readonly id: string;
  /** The latest sign-in first. */
  readonly accounts: readonly DeviceAccount[];
}

const accountsMax = 5;
const idBytes = 16;
const format: SignedEntriesFormat = {
  prefix: 'nxd_',
  purpose: 'device-token',
  sharedBytes: idBytes,
  entryBytes: idBytes + 4,
  entriesMax: accountsMax,
};

/**
 * Encodes `nxd_` + base64url(device id, 16 bytes | per account: user id, 16 | generation, 4, big endian |
 * HMAC-SHA-256 of device id, user id and generation, 32). At most five accounts; the one that signed in longest ago
 * is dropped.
 */
export function encodeDeviceToken(keyring: Keyring, device: PresentedDevice): string {
  const entries = device.accounts.map(encodeAccount);
  return encodeSignedEntries(keyring, format, { shared: uuidBytes(device.id), entries });
}

/**
 * Decodes a device token, keeping the accounts whose MAC is valid. Null when there are none, so that nobody can
 * choose an id.
 */
export function parseDeviceToken(keyring: Keyring, token: string): PresentedDevice | null {
  const decoded = decodeSignedEntries(keyring, format, token);
  if (decoded === null || decoded.entries.length === 0) return null;
  return { id: uuidText(decoded.shared), accounts: decoded.entries.map(decodeAccount) };
}

function encodeAccount({ userId, generation }: DeviceAccount): Uint8Array {
  const entry = new Uint8Array(format.entryBytes);
  entry.set(uuidBytes(userId));
  new DataView(entry.buffer).setUint32(idBytes, generation);
  return entry;
}

function decodeAccount(entry: Uint8Array): DeviceAccount {
  const generation = new DataView(entry.buffer, entry.byteOffset).getUint32(idBytes);
  return { userId: uuidText(entry.subarray(0, idBytes)), generation };
}
