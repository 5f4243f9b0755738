import { sha256 } from '@noble/hashes/sha2.js';
import { decodeBase64Url, encodeBase64Url } from '../../../crypto/base64url.ts';

/** A set of words that can be looked up but not listed. */
export interface WordTable {
  has(word: string): boolean;
}

/** The low bits of a difference are written as they are; the rest is a number of ones, ended by a zero. */
const plainBits = 20;
const lineLength = 100;

/**
 * Packs words into text: the first 32 bits of each word's SHA-256, sorted, as differences in Rice coding, in lines of
 * base64url. 22 bits per word; of `n` words, another word is taken for one of them in `n` of 2^32 cases.
 */
export function packWords(words: Iterable<string>): string {
  let before = 0;
  const sorted = Array.from(new Set(Array.from(words, hash))).toSorted((a, b) => a - b);
  const codes = sorted.map((value) => {
    const difference = value - before;
    before = value;
    const plain = (difference % 2 ** plainBits).toString(2).padStart(plainBits, '0');
    return `${'1'.repeat(difference / 2 ** plainBits)}0${plain}`;
  });
  // Ones at the end are an unfinished difference, so they can fill up the last byte.
  const bits = codes.join('');
  const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1').match(/.{8}/g) ?? [];
  const text = encodeBase64Url(Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 2)));
  return text.replaceAll(new RegExp(`.{${lineLength}}`, 'g'), '$&\n');
}

/**
 * Unpacks what `packWords` wrote.
 * @throws TypeError for any other text
 */
export function unpackWords(packed: string): WordTable {
  const bytes = decodeBase64Url(packed.replaceAll('\n', ''));
  if (bytes === null) throw new TypeError('not a table of words');
  const hashes = new Set<number>();
  let value = 0;
  let ones = 0;
  for (let position = 0; position < bytes.length * 8; ) {
    if (bitAt(bytes, position++) === 1) {
      ones += 1;
      continue;
    }
    let plain = 0;
    for (const end = position + plainBits; position < end; position++)
      plain = plain * 2 + bitAt(bytes, position);
    value += ones * 2 ** plainBits + plain;
    ones = 0;
    hashes.add(value);
  }
  return { has: (word) => hashes.has(hash(word)) };
}

function bitAt(bytes: Uint8Array, position: number): number {
  return ((bytes[position >> 3] ?? 0) >> (7 - (position & 7))) & 1;
}

function hash(word: string): number {
  const digest = sha256(new TextEncoder().encode(word));
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0);
}
