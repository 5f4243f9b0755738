const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Encodes bytes as base32 in upper case, without padding (RFC 4648 section 6). */
export function encodeBase32(bytes: Uint8Array): string {
  let text = '';
  let pending = 0;
  let pendingBits = 0;
  for (const byte of bytes) {
    pending = (pending << 8) | byte;
    pendingBits += 8;
    for (; pendingBits >= 5; pendingBits -= 5) text += alphabet[(pending >> (pendingBits - 5)) & 31];
    pending &= (1 << pendingBits) - 1;
  }
  return pendingBits === 0 ? text : text + alphabet[pending << (5 - pendingBits)];
}

/**
 * Decodes base32 strictly: `null` for padding, white space, lower case, foreign characters, impossible lengths, and
 * unused bits that are not zero (RFC 4648 section 3.5), so that every value has exactly one encoding.
 */
export function decodeBase32(text: string): Uint8Array<ArrayBuffer> | null {
  if (/[^A-Z2-7]/.test(text)) return null;
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  // A last character that begins no byte: 1, 3 or 6 characters are over.
  if (Math.ceil((bytes.length * 8) / 5) !== text.length) return null;

  let pending = 0;
  let pendingBits = 0;
  let length = 0;
  for (const character of text) {
    pending = (pending << 5) | alphabet.indexOf(character);
    pendingBits += 5;
    if (pendingBits < 8) continue;
    pendingBits -= 8;
    bytes[length++] = pending >> pendingBits;
    pending &= (1 << pendingBits) - 1;
  }
  return pending === 0 ? bytes : null;
}
