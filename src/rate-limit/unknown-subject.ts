import { encodeBase64Url } from '../crypto/base64url.ts';
import { mac, type SecretRing } from '../crypto/secret-ring.ts';

/** Whose attempts count when nobody has the address: an HMAC of it, so that the table holds no address. */
export function unknownSubject(secrets: SecretRing, email: string): string {
  return `address:${encodeBase64Url(mac(secrets, 'login-attempts', new TextEncoder().encode(email)))}`;
}
