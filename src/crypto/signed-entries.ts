import { decodeBase64Url, encodeBase64Url } from './base64url.ts';
import { isMacValid, type KeyPurpose, type Keyring, mac } from './keyring.ts';

/** The form of one kind of token. All lengths are fixed, so that a MAC covers its parts without separators. */
export interface SignedEntriesFormat {
  /** How the text of this kind begins. */
  readonly prefix: string;
  /** The key of the MACs. No two kinds share one: an entry of one kind must be worth nothing in another. */
  readonly purpose: KeyPurpose;
  /** The length of what all entries share; with 0, an entry may be moved to another token of its kind. */
  readonly sharedBytes: number;
  /** The length of an entry without its MAC. */
  readonly entryBytes: number;
  readonly entriesMax: number;
}

/** What a token holds. */
export interface SignedEntries {
  /** What the MAC of every entry covers. On its own it has none: without an entry, anybody could have chosen it. */
  readonly shared: Uint8Array;
  readonly entries: readonly Uint8Array[];
}

const tagBytes = 32;

/** Browsers keep no longer cookie (RFC 6265bis section 5.7), and no client has made a longer token. */
const textLengthMax = 4096;

/**
 * Encodes the prefix + base64url(shared bytes | per entry: its bytes | HMAC-SHA-256 of shared bytes and entry, 32). Each
 * entry has a MAC of its own, so that a token can be taken over entry by entry when the secret is rotated. Of more than
 * `entriesMax` entries the first ones are kept.
 *
 * @throws RangeError when a part has not the length that the format gives
 */
export function encodeSignedEntries(
  keyring: Keyring,
  format: SignedEntriesFormat,
  { shared, entries }: SignedEntries,
): string {
  const { prefix, purpose, sharedBytes, entryBytes, entriesMax } = format;
  const kept = entries.slice(0, entriesMax);
  if (shared.length !== sharedBytes || kept.some((entry) => entry.length !== entryBytes)) {
    throw new RangeError('a part of the token has the wrong length');
  }
  const bytes = new Uint8Array(sharedBytes + kept.length * (entryBytes + tagBytes));
  bytes.set(shared);
  for (const [index, entry] of kept.entries()) {
    const start = sharedBytes + index * (entryBytes + tagBytes);
    bytes.set(entry, start);
    bytes.set(mac(keyring, purpose, signedPart(shared, entry)), start + entryBytes);
  }
  return prefix + encodeBase64Url(bytes);
}

/**
 * Decodes a token of this kind, keeping the entries whose MAC is valid, in their order; there may be none. Of more than
 * `entriesMax` entries, as a version with a higher maximum made them, the first ones count. `null` for another prefix, for a
 * text that is no base64url or too long, and for an impossible length.
 */
export function decodeSignedEntries(
  keyring: Keyring,
  format: SignedEntriesFormat,
  token: string,
): SignedEntries | null {
  const { prefix, purpose, sharedBytes, entryBytes, entriesMax } = format;
  if (!token.startsWith(prefix) || token.length > textLengthMax) return null;
  const bytes = decodeBase64Url(token.slice(prefix.length));
  const step = entryBytes + tagBytes;
  if (bytes === null || bytes.length < sharedBytes || (bytes.length - sharedBytes) % step !== 0) return null;

  const shared = bytes.subarray(0, sharedBytes);
  const entries: Uint8Array[] = [];
  // Whoever sends a token must not choose how many MACs are tried.
  const end = Math.min(bytes.length, sharedBytes + entriesMax * step);
  for (let start = sharedBytes; start < end; start += step) {
    const entry = bytes.subarray(start, start + entryBytes);
    const tag = bytes.subarray(start + entryBytes, start + step);
    if (isMacValid(keyring, purpose, signedPart(shared, entry), tag)) entries.push(entry);
  }
  return { shared, entries };
}

function signedPart(shared: Uint8Array, entry: Uint8Array): Uint8Array {
  const message = new Uint8Array(shared.length + entry.length);
  message.set(shared);
  message.set(entry, shared.length);
  return message;
}
