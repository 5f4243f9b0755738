import { isEqualConstantTime } from './constant-time.ts';
import { RootKey } from './root-key.ts';

/**
 * What a sub-key is for. Each purpose is an HKDF label of its own: changing one invalidates everything made with it.
 */
export type KeyPurpose =
  | 'refresh-token'
  | 'seal'
  | 'address'
  | 'device-token'
  | 'trusted-device'
  | 'rate-limit'
  | 'demo-token'
  | 'one-time-token'
  | 'mail-client'
  | 'email-code';

/** The root secrets. The current one signs and seals; the previous one only verifies and opens. */
export interface Keyring {
  readonly current: RootKey;
  readonly previous: RootKey | null;
}

/**
 * Creates the keyring from `AUTH_SECRET` and, while it is being rotated, `AUTH_SECRET_PREVIOUS`.
 *
 * @throws TypeError when either is shorter than 32 bytes
 */
export function createKeyring(current: Uint8Array, previous: Uint8Array | null = null): Keyring {
  return {
    current: new RootKey(current),
    previous: previous === null ? null : new RootKey(previous),
  };
}

/** HMAC-SHA-256 (RFC 2104) of the message with the current root's sub-key for this purpose: 32 bytes. */
export function mac(keyring: Keyring, purpose: KeyPurpose, message: Uint8Array): Uint8Array {
  return keyring.current.mac(purpose, message);
}

/** A MAC, with the public id of the root that it was made with. */
export interface NamedMac {
  readonly rootId: string;
  readonly tag: Uint8Array;
}

/**
 * The MACs of the message with the current root and, while it is being rotated, with the previous one: for whatever is
 * looked up by its MAC.
 */
export function macs(
  { current, previous }: Keyring,
  purpose: KeyPurpose,
  message: Uint8Array,
): readonly [NamedMac, ...NamedMac[]] {
  const by = (root: RootKey) => ({ rootId: root.id, tag: root.mac(purpose, message) });
  return previous === null ? [by(current)] : [by(current), by(previous)];
}

/**
 * Whether the tag is the full 32-byte MAC of the message for this purpose, with the current root or the previous one.
 * Constant time per root; a tag of another length is invalid and never throws.
 */
export function isMacValid(
  keyring: Keyring,
  purpose: KeyPurpose,
  message: Uint8Array,
  tag: Uint8Array,
): boolean {
  if (isEqualConstantTime(mac(keyring, purpose, message), tag)) return true;
  if (keyring.previous === null) return false;
  return isEqualConstantTime(keyring.previous.mac(purpose, message), tag);
}
