import { sha256 } from '@noble/hashes/sha2.js';

/**
 * Compares bytes in a time that depends only on their length. Different lengths are unequal and never throw, unlike
 * `crypto.subtle.timingSafeEqual`, whose TypeError would turn a wrong token into a 500.
 */
export function isEqualConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index++) difference |= (a[index] ?? 0) ^ (b[index] ?? 0);
  return difference === 0;
}

/**
 * Compares a presented text with a secret by their SHA-256 digests, so that the time reveals neither the position of
 * the first difference nor the length of the secret. Never throws; text with lone surrogates equals nothing.
 */
export function isSecretEqual(presented: string, expected: string): boolean {
  const isEqual = isEqualConstantTime(digest(presented), digest(expected));
  // UTF-8 replaces every lone surrogate with U+FFFD: without this, different texts would share a digest.
  return isEqual && presented.isWellFormed() && expected.isWellFormed();
}

function digest(text: string): Uint8Array {
  return sha256(new TextEncoder().encode(text));
}
