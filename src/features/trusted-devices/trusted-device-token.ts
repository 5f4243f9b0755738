import type { Keyring } from '../../crypto/keyring.ts';
import {
  decodeSignedEntries,
  encodeSignedEntries,
  type SignedEntriesFormat,
} from '../../crypto/signed-entries.ts';
import { uuidBytes, uuidText } from '../../crypto/uuid-bytes.ts';

/** One account that trusts a device. */
export interface TrustEntry {
  /** `trusted_devices.id`: shown to the owner, and worth nothing without the MAC. */
  readonly id: string;
  readonly userId: string;
}

const idBytes = 16;
const format: SignedEntriesFormat = {
  prefix: 'nxt_',
  purpose: 'trusted-device',
  sharedBytes: 0,
  entryBytes: 2 * idBytes,
  entriesMax: 5,
};

/**
 * Encodes `nxt_` + base64url(per account: id, 16 bytes | user id, 16 | HMAC-SHA-256 of both, 32): at most five accounts,
 * of which the first ones are kept.
 */
export function encodeTrustedDevice(keyring: Keyring, entries: readonly TrustEntry[]): string {
  const encoded = entries.map(({ id, userId }) => Uint8Array.of(...uuidBytes(id), ...uuidBytes(userId)));
  return encodeSignedEntries(keyring, format, { shared: new Uint8Array(0), entries: encoded });
}

/** Decodes the token of a trusted device, keeping what was not forged; only the database knows whether it still counts. */
export function parseTrustedDevice(keyring: Keyring, token: string): TrustEntry[] {
  const entries = decodeSignedEntries(keyring, format, token)?.entries ?? [];
  return entries.map((entry) => ({
    id: uuidText(entry.subarray(0, idBytes)),
    userId: uuidText(entry.subarray(idBytes)),
  }));
}
