import { decodeBase64Url, encodeBase64Url } from '../../crypto/base64url.ts';
import { isMacValid, mac, type SecretRing } from '../../crypto/secret-ring.ts';
import { uuidBytes, uuidText } from '../../crypto/uuid-bytes.ts';

/** The way in which a refresh token travels. Each has a counter of its own in the session's row. */
export type Transport = 'cookie' | 'body';

/** What a refresh token of ours says once its MAC is found good. */
export interface RefreshTokenContent {
  readonly sessionId: string;
  readonly transport: Transport;
  readonly counter: number;
}

/** A presented refresh token: ours, one of the earlier system (any string of its length), or neither. */
export type PresentedRefreshToken =
  | { readonly kind: 'current'; readonly content: RefreshTokenContent }
  | { readonly kind: 'earlier'; readonly token: string }
  | { readonly kind: 'forged' };

const prefix = 'nxr_';
const contentBytes = 16 + 1 + 4;
const tagBytes = 32;
const transports = ['cookie', 'body'] as const;
/** Width of the column in which the earlier system kept its tokens, in code points. */
const earlierTokenLengthMax = 500;

/**
 * `nxr_` + base64url(session id, 16 bytes | transport, 1 | counter, 4, big endian | HMAC-SHA-256, 32). Whoever lacks
 * AUTH_SECRET cannot make one, with or without a copy of the database: nothing in a row is part of the MAC's key.
 */
export function encodeRefreshToken(ring: SecretRing, content: RefreshTokenContent): string {
  const bytes = new Uint8Array(contentBytes + tagBytes);
  bytes.set(uuidBytes(content.sessionId));
  bytes[16] = transports.indexOf(content.transport);
  new DataView(bytes.buffer).setUint32(17, content.counter);
  bytes.set(mac(ring, 'refresh-token', bytes.subarray(0, contentBytes)), contentBytes);
  return prefix + encodeBase64Url(bytes);
}

/** Judges a presented token without the database, so that a forged one of ours costs no round trip. */
export function parseRefreshToken(ring: SecretRing, token: string): PresentedRefreshToken {
  if (!token.startsWith(prefix)) {
    // Postgres has no text with NUL: the earlier system cannot have stored one, and asking for it is an error.
    const isPossible = token !== '' && lengthOf(token) <= earlierTokenLengthMax && !token.includes('\0');
    return isPossible ? { kind: 'earlier', token } : { kind: 'forged' };
  }
  const bytes = decodeBase64Url(token.slice(prefix.length));
  if (bytes?.length !== contentBytes + tagBytes) return { kind: 'forged' };
  const content = bytes.subarray(0, contentBytes);
  const transport = transports[content[16] ?? -1];
  if (!isMacValid(ring, 'refresh-token', content, bytes.subarray(contentBytes)) || transport === undefined) {
    return { kind: 'forged' };
  }
  const counter = new DataView(bytes.buffer, bytes.byteOffset).getUint32(17);
  return { kind: 'current', content: { sessionId: uuidText(content.subarray(0, 16)), transport, counter } };
}

/** In code points, which is what Postgres counts. */
function lengthOf(text: string): number {
  return Array.from(text).length;
}
