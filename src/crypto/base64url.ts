/** Encodes bytes as base64url without padding (RFC 4648 section 5). */
export function encodeBase64Url(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * Decodes base64url strictly: `null` for padding, white space, foreign characters, impossible lengths, and unused
 * bits that are not zero (RFC 4648 section 3.5), so that every value has exactly one encoding.
 */
export function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  const remainder = text.length % 4;
  if (remainder === 1 || /[^\w-]/.test(text)) return null;
  // Two remaining characters carry 4 unused bits, three carry 2. atob would drop them silently.
  if (remainder === 2 && !/[AQgw]$/.test(text)) return null;
  if (remainder === 3 && !/[AEIMQUYcgkosw048]$/.test(text)) return null;

  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes;
}
