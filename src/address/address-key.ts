import { encodeBase64Url } from '../crypto/base64url.ts';
import { type Keyring, macs } from '../crypto/keyring.ts';
import { inLetters } from './email-in-letters.ts';

/** An address by which an account can be found, whatever its spelling. */
export interface Address {
  /** In its canonical form: lower case, the domain in A-labels. */
  readonly email: string;
  /** The texts under which it may be stored: that, and with the domain in letters. */
  readonly spellings: readonly string[];
  /**
   * Its address keys, the current one first, and that of the previous root while there is one. Each is `address:`, the
   * id of the root, `:`, and an HMAC, so that no table of counters holds an address.
   */
  readonly keys: readonly [string, ...string[]];
}

/**
 * Makes the keys of an address. Attempts at it and mails to it are counted under the current one, whether or not an
 * account has it. The clean-up replaces keys of an earlier root.
 * @param email canonical, as `presentedEmail` or `emailAddress` returns it
 */
export function addressOf(keyring: Keyring, email: string): Address {
  const [current, ...previous] = macs(keyring, 'address', new TextEncoder().encode(email));
  const named = ({ rootId, tag }: { readonly rootId: string; readonly tag: Uint8Array }) =>
    `address:${rootId}:${encodeBase64Url(tag)}`;
  const spellings = [...new Set([email, inLetters(email)])];
  return { email, spellings, keys: [named(current), ...previous.map(named)] };
}

/** What every current address key begins with. */
export function addressKeyPrefix(keyring: Keyring): string {
  return `address:${keyring.current.id}:`;
}
