import { decodeBase64Url, encodeBase64Url } from '../../crypto/base64url.ts';
import { isMacValid, type Keyring, mac } from '../../crypto/keyring.ts';
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

const prefix = 'nxd_';
const accountsMax = 5;
const idBytes = 16;
const accountBytes = idBytes + 4;
const tagBytes = 32;
const entryBytes = accountBytes + tagBytes;
const textLengthMax = prefix.length + Math.ceil(((idBytes + accountsMax * entryBytes) * 4) / 3);

/**
 * Encodes `nxd_` + base64url(device id, 16 bytes | per account: user id, 16 | generation, 4, big endian |
 * HMAC-SHA-256 of device id, user id and generation, 32). At most five accounts; the one that signed in longest ago
 * is dropped.
 */
export function encodeDeviceToken(keyring: Keyring, device: PresentedDevice): string {
  const accounts = device.accounts.slice(0, accountsMax);
  const bytes = new Uint8Array(idBytes + accounts.length * entryBytes);
  bytes.set(uuidBytes(device.id));
  for (const [index, { userId, generation }] of accounts.entries()) {
    const entry = bytes.subarray(idBytes + index * entryBytes, idBytes + (index + 1) * entryBytes);
    entry.set(uuidBytes(userId));
    new DataView(entry.buffer, entry.byteOffset).setUint32(idBytes, generation);
    const message = signedPart(bytes.subarray(0, idBytes), entry);
    entry.set(mac(keyring, 'device-token', message), accountBytes);
  }
  return prefix + encodeBase64Url(bytes);
}

/**
 * Decodes a device token, keeping the accounts whose MAC is valid. Null when there are none, so that nobody can
 * choose an id.
 */
export function parseDeviceToken(keyring: Keyring, token: string): PresentedDevice | null {
  if (!token.startsWith(prefix) || token.length > textLengthMax) return null;
  const bytes = decodeBase64Url(token.slice(prefix.length));
  if (bytes === null || bytes.length < idBytes || (bytes.length - idBytes) % entryBytes !== 0) return null;
  const id = bytes.subarray(0, idBytes);
  const accounts: DeviceAccount[] = [];
  for (let start = idBytes; start < bytes.length; start += entryBytes) {
    const entry = bytes.subarray(start, start + entryBytes);
    if (!isMacValid(keyring, 'device-token', signedPart(id, entry), entry.subarray(accountBytes))) continue;
    const generation = new DataView(entry.buffer, entry.byteOffset).getUint32(idBytes);
    accounts.push({ userId: uuidText(entry.subarray(0, idBytes)), generation });
  }
  return accounts.length === 0 ? null : { id: uuidText(id), accounts };
}

function signedPart(id: Uint8Array, entry: Uint8Array): Uint8Array {
  const message = new Uint8Array(idBytes + accountBytes);
  message.set(id);
  message.set(entry.subarray(0, accountBytes), idBytes);
  return message;
}
