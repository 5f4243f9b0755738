import { decodeBase64Url, encodeBase64Url } from './base64url.ts';
import type { Keyring } from './keyring.ts';
import type { RootKey } from './root-key.ts';

const version = 'v1';
// NIST SP 800-38D 8.2.2: a random 96-bit IV is good for 2^32 messages under one key.
const ivBytes = 12;
const tagBytes = 16;

/**
 * Encrypts a text for storage: AES-256-GCM (NIST SP 800-38D) with the current root and a random IV, written as
 * `v1.<key id>.<iv>.<ciphertext and tag>` in base64url. The associated data is not stored: it names the place of the
 * value (table, column, row), so that a sealed value copied elsewhere does not open.
 *
 * @throws TypeError when either text has lone surrogates, which UTF-8 cannot represent
 */
export async function seal(keyring: Keyring, plaintext: string, associatedData: string): Promise<string> {
  if (!plaintext.isWellFormed() || !associatedData.isWellFormed()) {
    throw new TypeError('only well-formed text can be sealed');
  }
  const iv = crypto.getRandomValues(new Uint8Array(ivBytes));
  const key = await importAesKey(keyring.current);
  const ciphertext = await crypto.subtle.encrypt(
    gcm(iv, associatedData),
    key,
    new TextEncoder().encode(plaintext),
  );
  return `${sealedPrefix(keyring.current)}${encodeBase64Url(iv)}.${encodeBase64Url(new Uint8Array(ciphertext))}`;
}

/** Returns how every text begins that `seal` encrypted with this root. */
export function sealedPrefix(root: RootKey): string {
  return `${version}.${root.id}.`;
}

/**
 * Decrypts what `seal` encrypted with the current or the previous root. `null` when the text is not a sealed value,
 * was changed in any part, belongs to other associated data, or was sealed with a key that is not in the keyring.
 */
export async function open(keyring: Keyring, sealed: string, associatedData: string): Promise<string | null> {
  const parts = parseSealed(sealed);
  const root = parts === null ? undefined : rootWithId(keyring, parts.keyId);
  if (parts === null || root === undefined || !associatedData.isWellFormed()) return null;

  const key = await importAesKey(root);
  try {
    const plaintext = await crypto.subtle.decrypt(gcm(parts.iv, associatedData), key, parts.ciphertext);
    // Without ignoreBOM, a leading U+FEFF would be lost.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plaintext);
  } catch (error) {
    // Input can only cause a wrong tag; anything else is a bug of ours.
    if (error instanceof DOMException && error.name === 'OperationError') return null;
    throw error;
  }
}

/** Encrypts anew, with the current root, what `open` decrypts; null when that is nothing. */
export async function reseal(
  keyring: Keyring,
  sealed: string,
  associatedData: string,
): Promise<string | null> {
  const plaintext = await open(keyring, sealed, associatedData);
  return plaintext === null ? null : seal(keyring, plaintext, associatedData);
}

interface SealedParts {
  readonly keyId: string;
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly ciphertext: Uint8Array<ArrayBuffer>;
}

function parseSealed(sealed: string): SealedParts | null {
  const [versionPart, keyId, ivPart, ciphertextPart, ...rest] = sealed.split('.');
  if (versionPart !== version || keyId === undefined || rest.length > 0) return null;
  const iv = decodeBase64Url(ivPart ?? '');
  const ciphertext = decodeBase64Url(ciphertextPart ?? '');
  if (iv?.length !== ivBytes || ciphertext === null || ciphertext.length < tagBytes) return null;
  return { keyId, iv, ciphertext };
}

function rootWithId(keyring: Keyring, keyId: string): RootKey | undefined {
  return [keyring.current, keyring.previous].find((root) => root?.id === keyId) ?? undefined;
}

function importAesKey(root: RootKey): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', root.subKey('seal'), 'AES-GCM', false, ['encrypt', 'decrypt']);
}

function gcm(iv: Uint8Array<ArrayBuffer>, associatedData: string): SubtleCryptoEncryptAlgorithm {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(associatedData) };
}
