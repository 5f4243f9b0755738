import { encodeBase64Url } from '../crypto/base64url.ts';
import { type Keyring, mac } from '../crypto/keyring.ts';
import { bucketOfAddress, clientNetwork } from '../rate-limit/bucket-of-address.ts';

/** Who causes a mail, under a keyed hash: the tables hold no client address for it. */
export interface MailClient {
  /** The address, of IPv6 its /64. */
  readonly clientKey: string;
  /** Of IPv6 its /48, else the same as `clientKey`. */
  readonly networkKey: string;
}

/** @param ipAddress canonical, as `clientIp` returns it; null is one client for everybody without a plain address */
export function mailClient(keyring: Keyring, ipAddress: string | null): MailClient {
  const named = (text: string) =>
    `client:${encodeBase64Url(mac(keyring, 'mail-client', new TextEncoder().encode(text)))}`;
  return { clientKey: named(bucketOfAddress(ipAddress)), networkKey: named(clientNetwork(ipAddress)) };
}
