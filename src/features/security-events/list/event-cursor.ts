import { decodeBase64Url, encodeBase64Url } from '../../../crypto/base64url.ts';
import { uuidBytes, uuidText } from '../../../crypto/uuid-bytes.ts';
import type { EventPosition } from '../record-events.sql.ts';

const timeBytes = 8;
const idBytes = 16;

/**
 * Encodes a position as a cursor: base64url(microseconds since the epoch, 8 bytes, big endian | id, 16). It needs no
 * MAC: whatever it says, it only chooses a place in the caller's own list.
 */
export function encodeEventCursor({ at_micros: atMicros, id }: EventPosition): string {
  const bytes = new Uint8Array(timeBytes + idBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(atMicros));
  bytes.set(uuidBytes(id), timeBytes);
  return encodeBase64Url(bytes);
}

/** Decodes a cursor; null when it is malformed. */
export function parseEventCursor(cursor: string): EventPosition | null {
  const bytes = decodeBase64Url(cursor);
  if (bytes === null || bytes.length !== timeBytes + idBytes) return null;
  const atMicros = Number(new DataView(bytes.buffer).getBigUint64(0));
  if (!Number.isSafeInteger(atMicros)) return null;
  return { at_micros: atMicros, id: uuidText(bytes.subarray(timeBytes)) };
}
