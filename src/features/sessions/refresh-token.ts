import { decodeBase64Url, encodeBase64Url } from '../../crypto/base64url.ts';
import { isMacValid, type Keyring, mac } from '../../crypto/keyring.ts';
import { uuidBytes, uuidText } from '../../crypto/uuid-bytes.ts';

/** How a refresh token travels. Each transport has its own counter in the row of the session. */
export type Transport = 'cookie' | 'body';

/** The content of a refresh token whose MAC is valid. */
export interface RefreshTokenContent {
  readonly sessionId: string;
  readonly transport: Transport;
  readonly counter: number;
}

/** A presented refresh token: ours, possibly a legacy one (any string of its length), or forged. */
export type PresentedRefreshToken =
  | { readonly kind: 'current'; readonly content: RefreshTokenContent }
  | { readonly kind: 'legacy'; readonly token: string }
  | { readonly kind: 'forged' };

const prefix = 'nxr_';
const contentBytes = 16 + 1 + 4;
const tagBytes = 32;
const transports = ['cookie', 'body'] as const;
/** The width of the legacy column for tokens, in code points. */
const legacyTokenLengthMax = 500;

/**
 * Encodes `nxr_` + base64url(session id, 16 bytes | transport, 1 | counter, 4, big endian | HMAC-SHA-256, 32). Nobody
 * without AUTH_SECRET can make one, even with a copy of the database: nothing in a row is part of the MAC's key.
 */
export function encodeRefreshToken(keyring: Keyring, content: RefreshTokenContent): string {
  const bytes = new Uint8Array(contentBytes + tagBytes);
  bytes.set(uuidBytes(content.sessionId));
  bytes[16] = transports.indexOf(content.transport);
  new DataView(bytes.buffer).setUint32(17, content.counter);
  bytes.set(mac(keyring, 'refresh-token', bytes.subarray(0, contentBytes)), contentBytes);
  return prefix + encodeBase64Url(bytes);
}

/** Checks a presented token without the database, so that a forged one costs no round trip. */
export function parseRefreshToken(keyring: Keyring, token: string): PresentedRefreshToken {
  if (!token.startsWith(prefix)) {
    // PostgreSQL cannot store a NUL in text, so no legacy token contains one, and querying for it would fail.
    const isPossible = token !== '' && lengthOf(token) <= legacyTokenLengthMax && !token.includes('\0');
    return isPossible ? { kind: 'legacy', token } : { kind: 'forged' };
  }
  const bytes = decodeBase64Url(token.slice(prefix.length));
  if (bytes?.length !== contentBytes + tagBytes) return { kind: 'forged' };
  const content = bytes.subarray(0, contentBytes);
  const transport = transports[content[16] ?? -1];
  if (
    !isMacValid(keyring, 'refresh-token', content, bytes.subarray(contentBytes)) ||
    transport === undefined
  ) {
    return { kind: 'forged' };
  }
  const counter = new DataView(bytes.buffer, bytes.byteOffset).getUint32(17);
  return { kind: 'current', content: { sessionId: uuidText(content.subarray(0, 16)), transport, counter } };
}

/** In code points, as PostgreSQL counts. */
function lengthOf(text: string): number {
  return Array.from(text).length;
}
