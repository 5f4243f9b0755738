import { bytesToHex } from '@noble/hashes/utils.js';
import { type Keyring, macs } from '../../crypto/keyring.ts';
import { uuidBytes } from '../../crypto/uuid-bytes.ts';
import {
  type NewOneTimeToken,
  oneTimeTokenTtlSeconds,
  type PresentedOneTimeToken,
} from '../one-time-tokens/index.ts';
import type { CallerIds } from '../sessions/index.ts';

/** A code of a mail, with what is stored of it. */
export type NewEmailCode = NewOneTimeToken & { readonly kind: 'email_code' };

const kind = 'email_code';
const digits = 8;
const codesCount = 10 ** digits;
/** The most of the 2^32 random numbers that are a whole multiple of the codes. */
const numbersMax = Math.floor(2 ** 32 / codesCount) * codesCount;

/**
 * Creates a code of eight decimal digits, each as likely as any other, for this session alone. Stored is an HMAC of it with
 * user and session: a plain hash would give the code to whoever reads the database and tries all of them.
 */
export function createEmailCode(keyring: Keyring, caller: CallerIds): NewEmailCode {
  const code = String(randomBelow(codesCount)).padStart(digits, '0');
  return {
    kind,
    token: code,
    hash: hashesOf(keyring, caller, code)[0],
    ttlSeconds: oneTimeTokenTtlSeconds(kind),
  };
}

/**
 * What may be stored of a code that somebody presents in this session: by the current secret first, and by the previous one
 * while that is being replaced.
 */
export function presentedEmailCodes(
  keyring: Keyring,
  caller: CallerIds,
  code: string,
): readonly [PresentedOneTimeToken, ...PresentedOneTimeToken[]] {
  const [current, ...previous] = hashesOf(keyring, caller, code);
  return [{ kind, hash: current }, ...previous.map((hash) => ({ kind, hash }) as const)];
}

/** HMAC-SHA-256 over the ids and the digits, all of which have a fixed length, in hexadecimal. */
function hashesOf(
  keyring: Keyring,
  { userId, sessionId }: CallerIds,
  code: string,
): readonly [string, ...string[]] {
  const message = Uint8Array.from([
    ...uuidBytes(userId),
    ...uuidBytes(sessionId),
    ...new TextEncoder().encode(code),
  ]);
  const [current, ...previous] = macs(keyring, 'email-code', message);
  return [bytesToHex(current.tag), ...previous.map(({ tag }) => bytesToHex(tag))];
}

/** Numbers beyond the last whole multiple are drawn again: a remainder of them would make low codes likelier. */
function randomBelow(max: number): number {
  for (;;) {
    const [number = numbersMax] = crypto.getRandomValues(new Uint32Array(1));
    if (number < numbersMax) return number % max;
  }
}
