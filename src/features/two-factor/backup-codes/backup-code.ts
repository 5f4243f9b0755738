import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { encodeBase32 } from '../../../crypto/base32.ts';

const codesCount = 10;
// 120 bits: more than the 112 from which on a fast hash will do (ASVS 6.5.2, OTP-11).
const codeBytes = 15;
const groupLength = 4;

/** A set of backup codes, made before the statement that stores it. */
export interface BackupCodes {
  /** As they are shown, once. */
  readonly codes: readonly string[];
  /** SHA-256 in hexadecimal. */
  readonly hashes: readonly string[];
}

/** Creates ten random codes such as `ABCD-EFGH-...`: 24 characters of base32 (RFC 4648 section 6) in groups of four. */
export function createBackupCodes(): BackupCodes {
  const plain = Array.from({ length: codesCount }, () =>
    encodeBase32(crypto.getRandomValues(new Uint8Array(codeBytes))),
  );
  const groups = new RegExp(`.{${groupLength}}(?=.)`, 'g');
  return { codes: plain.map((code) => code.replaceAll(groups, '$&-')), hashes: plain.map(hashBackupCode) };
}

/** The code without what people put between its groups, in upper case. */
export function canonicalBackupCode(text: string): string {
  return text.replaceAll(/[\s-]/g, '').toUpperCase();
}

/** @param code canonical */
export function hashBackupCode(code: string): string {
  return bytesToHex(sha256(new TextEncoder().encode(code)));
}
