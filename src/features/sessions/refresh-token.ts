import { decodeBase64Url, encodeBase64Url } from '../../crypto/base64url.ts';
import { isMacValid, type Keyring, mac } from '../../crypto/keyring.ts';
import { uuidBytes, uuidText } from '../../crypto/uuid-bytes.ts';

/** The way in which a refresh token travels. Each has a counter of its own in the session's row. */
export type Transport = 'cookie' | 'body';

/** What a refresh token of ours says once its MAC is found good. */
export interface RefreshTokenContent {
  readonly sessionId: string;
  readonly transport: Transport;
  readonly counter: number;
}

/** A presented refresh token: ours, one of the legacy system (any string of its length), or neither. */
export type PresentedRefreshToken =
  | { readonly kind: 'current'; readonly content: RefreshTokenContent }
  | { readonly kind: 'legacy'; readonly token: string }
  | { readonly kind: 'forged' };

const prefix = 'nxr_';
const contentBytes = 16 + 1 + 4;
const tagBytes = 32;
const transports = ['cookie', 'body'] as const;
/** Width of the column in which the legacy system kept its tokens, in code points. */
const legacyTokenLengthMax = 500;

/**
 * `nxr_` + base64url(session id, 16 bytes | transport, 1 | counter, 4, big endian | HMAC-SHA-256, 32). Whoever lacks
 * AUTH_SECRET cannot make one, with or without a copy of the database: nothing in a row is part of the MAC's key.
 */
export function encodeRefreshToken(keyring: Keyring, content: RefreshTokenContent): string {
  const bytes = new Uint8Array(contentBytes + tagBytes);
  bytes.set(uuidBytes(content.sessionId));
  bytes[16] = transports.indexOf(content.transport);
  new DataView(bytes.buffer).setUint32(17, content.counter);
  bytes.set(mac(keyring, 'refresh-token', bytes.subarray(0, contentBytes)), contentBytes);
  return prefix + encodeBase64Url(bytes);
}

/** Judges a presented token without the database, so that a forged one of ours costs no round trip. */
export function parseRefreshToken(keyring: Keyring, token: string): PresentedRefreshToken {
  if (!token.startsWith(prefix)) {
    // Postgres has no text with NUL: the legacy system cannot have stored one, and asking for it is an error.
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

/** In code points, which is what Postgres counts. */
function lengthOf(text: string): number {
  return Array.from(text).length;
}
