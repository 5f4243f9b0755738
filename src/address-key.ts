import { encodeBase64Url } from './crypto/base64url.ts';
import { type Keyring, mac } from './crypto/keyring.ts';

/**
 * The name under which attempts at an address and mails to it are counted, whether or not an account has it: `address:`,
 * the id of the root key, `:`, and an HMAC, so that no table of counters holds an address. The clean-up replaces keys of
 * an earlier root.
 * @param address canonical, as `presentedEmail` or `emailAddress` returns it
 */
export function addressKey(keyring: Keyring, address: string): string {
  const tag = mac(keyring, 'address', new TextEncoder().encode(address));
  return `${addressKeyPrefix(keyring)}${encodeBase64Url(tag)}`;
}

/** What every current address key begins with. */
export function addressKeyPrefix(keyring: Keyring): string {
  return `address:${keyring.current.id}:`;
}
