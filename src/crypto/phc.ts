import { type Argon2Parameters, argon2MemoryKibMax } from './argon2id.ts';
import { decodeBase64Url, encodeBase64Url } from './base64url.ts';

/** An Argon2id hash as it is stored. */
export interface Argon2Hash {
  readonly parameters: Argon2Parameters;
  readonly salt: Uint8Array;
  readonly tag: Uint8Array;
}

const passesMax = 4;
const lanesMax = 4;
/** m x t of the second recommended option of RFC 9106 section 4: about 180 ms of CPU. */
const workMax = 3 * 65_536;

/** Salts of 8 to 64 bytes and tags of 16 to 64 bytes, by the length of their base64. */
const argon2idPattern =
  /^\$argon2id\$v=19\$m=([1-9]\d{0,6}),t=([1-9]\d{0,3}),p=([1-9]\d{0,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/** Formats the PHC string: `$argon2id$v=19$m=...,t=...,p=...$<salt>$<tag>`, base64 without padding. */
export function formatArgon2Hash({ parameters, salt, tag }: Argon2Hash): string {
  const { memoryKib, passes, lanes } = parameters;
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${encodeBase64(salt)}$${encodeBase64(tag)}`;
}

/**
 * Parses the PHC string of an Argon2id hash. `null` for any other text, and for a cost above what this service
 * accepts (64 MiB, 4 passes, 4 lanes, m x t of 196608): a stored string is data, and must not decide how much memory
 * and CPU a request takes (HSH-05).
 */
export function parseArgon2Hash(stored: string): Argon2Hash | null {
  const match = argon2idPattern.exec(stored);
  if (match === null) return null;

  const [, memory, time, parallelism, saltText = '', tagText = ''] = match;
  const parameters = { memoryKib: Number(memory), passes: Number(time), lanes: Number(parallelism) };
  const salt = decodeBase64(saltText);
  const tag = decodeBase64(tagText);
  if (!isAffordable(parameters) || salt === null || tag === null) return null;
  return { parameters, salt, tag };
}

function isAffordable({ memoryKib, passes, lanes }: Argon2Parameters): boolean {
  return (
    memoryKib <= argon2MemoryKibMax &&
    memoryKib >= 8 * lanes &&
    passes <= passesMax &&
    lanes <= lanesMax &&
    memoryKib * passes <= workMax
  );
}

// PHC uses the standard alphabet of RFC 4648 section 4.
function encodeBase64(bytes: Uint8Array): string {
  return encodeBase64Url(bytes).replaceAll('-', '+').replaceAll('_', '/');
}

function decodeBase64(text: string): Uint8Array | null {
  return decodeBase64Url(text.replaceAll('+', '-').replaceAll('/', '_'));
}
