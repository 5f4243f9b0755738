import { hmac } from '@noble/hashes/hmac.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { encodeBase32 } from './base32.ts';
import { isEqualConstantTime } from './constant-time.ts';

/** How long a code is shown: X of RFC 6238 section 4.1, and what every authenticator app assumes. */
export const totpPeriodSeconds = 30;

const digits = 6;
// RFC 4226 section 4 R6: at least 128 bits, better 160, which is also the output of SHA-1.
const secretBytes = 20;

/** Returns the step of a time: T of RFC 6238 section 4.2, counted from the epoch. */
export function totpStep(nowMs: number): number {
  return Math.floor(nowMs / (totpPeriodSeconds * 1000));
}

/**
 * Computes the code of one step: TOTP with HMAC-SHA-1 (RFC 6238 section 4, RFC 4226 section 5.3). Six digits, leading
 * zeros kept.
 */
export function totpCode(secret: Uint8Array, step: number): string {
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(step));
  const tag = hmac(sha1, secret, new Uint8Array(counter.buffer));
  // Dynamic truncation: the low four bits of the last byte say where to read 31 bits.
  const offset = (tag[tag.length - 1] ?? 0) & 0xf;
  const number = new DataView(tag.buffer, tag.byteOffset).getUint32(offset) & 0x7fff_ffff;
  return String(number % 10 ** digits).padStart(digits, '0');
}

/**
 * Finds the step whose code it is: the current one, the one before or the one after, which allows for clocks that
 * differ and for the time that typing takes (RFC 6238 sections 5.2 and 6). `null` when it is the code of none. All
 * three are computed and compared in constant time, whichever matches. Should several match, it is the latest, so that
 * a caller who refuses all steps up to the last accepted one lets no code in twice.
 */
export function findTotpStep(secret: Uint8Array, code: string, nowMs: number): number | null {
  const presented = new TextEncoder().encode(code);
  const current = totpStep(nowMs);
  let found: number | null = null;
  for (const step of [current - 1, current, current + 1]) {
    const expected = new TextEncoder().encode(totpCode(secret, step));
    if (isEqualConstantTime(presented, expected)) found = step;
  }
  return found;
}

/** Creates a random secret of 160 bits (RFC 4226 section 4 R6). */
export function createTotpSecret(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(secretBytes));
}

/** What an authenticator app stores of an account. */
export interface TotpSetup {
  /** The name of the service. */
  readonly issuer: string;
  /** What the user calls the account, such as its email address. */
  readonly account: string;
  readonly secret: Uint8Array;
}

/**
 * Writes the `otpauth:` URI that authenticator apps import (Google Authenticator, Key Uri Format). It holds the secret,
 * so that it must not be logged. Texts are percent-encoded, a colon too, but some apps split the label at the first
 * colon even then: an issuer had better have none.
 *
 * @throws URIError when a text has lone surrogates
 */
export function otpauthUri({ issuer, account, secret }: TotpSetup): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
  // URLSearchParams would write spaces as +, which many apps show as it stands.
  const parameters = [
    `secret=${encodeBase32(secret)}`,
    `issuer=${encodeURIComponent(issuer)}`,
    'algorithm=SHA1',
    `digits=${digits}`,
    `period=${totpPeriodSeconds}`,
  ];
  return `otpauth://totp/${label}?${parameters.join('&')}`;
}
