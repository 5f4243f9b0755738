import { encodeBase64Url } from '../crypto/base64url.ts';
import { type Keyring, mac } from '../crypto/keyring.ts';

/** The subject of attempts when nobody has the address: an HMAC of it, so that the table contains no address. */
export function unknownSubject(keyring: Keyring, email: string): string {
  return `address:${encodeBase64Url(mac(keyring, 'address', new TextEncoder().encode(email)))}`;
}
