import { type Argon2Parameters, argon2id } from './argon2id.ts';
import { isEqualConstantTime } from './constant-time.ts';
import { type Argon2Hash, formatArgon2Hash, parseArgon2Hash } from './phc.ts';

/** The result of comparing a password with a stored hash. */
export interface PasswordCheck {
  readonly matches: boolean;
  /** The password matches, but `hashPassword` would hash it differently today. Never true without `matches`. */
  readonly needsRehash: boolean;
  /** The stored text is not an acceptable hash: nobody can sign in with it, and an operator should know. */
  readonly isMalformed: boolean;
}

/** What a hash of today costs. OWASP Password Storage Cheat Sheet, ASVS 5.0 appendix C: 19 MiB, 2 passes, 1 lane. */
export const liveParameters: Argon2Parameters = { memoryKib: 19_456, passes: 2, lanes: 1 };
const saltBytes = 16;
const tagBytes = 32;
const dummySalt = new Uint8Array(saltBytes);

/** bcrypt in the versions that the legacy system used. Cost 12 takes 330 ms, and every step doubles it. */
const bcryptPattern = /^\$2[aby]\$(?:0[4-9]|1[0-2])\$[./A-Za-z0-9]{53}$/;

/**
 * Hashes a password for storage: NFC (NIST SP 800-63B-4 section 3.1.1.2), UTF-8, Argon2id with a random salt, as a PHC
 * string. Nothing is trimmed, folded or cut. Synchronous work of about 30 ms; the caller bounds the length.
 *
 * @param parameters what the hash costs
 * @throws TypeError for text with lone surrogates, which would all become the same U+FFFD.
 */
export async function hashPassword(password: string, parameters = liveParameters): Promise<string> {
  if (!password.isWellFormed()) throw new TypeError('a password must be well-formed text');
  const salt = crypto.getRandomValues(new Uint8Array(saltBytes));
  const tag = argon2id({ password: passwordBytes(password), salt }, parameters, tagBytes);
  return formatArgon2Hash({ parameters, salt, tag });
}

/**
 * Compares a password with a stored Argon2id or bcrypt hash, in constant time for the result. Never throws.
 *
 * `null` (no such user, or a user without a password), a stored text that is not acceptable and a password with lone
 * surrogates do not match, and take the work of one hash with the same parameters, so that an unknown address takes as
 * long as a wrong password (HSH-09).
 *
 * @param parameters what a hash costs that needs no rehash
 */
export async function verifyPassword(
  stored: string | null,
  password: string,
  parameters = liveParameters,
): Promise<PasswordCheck> {
  const isBcrypt = stored !== null && bcryptPattern.test(stored);
  const argon2Hash = stored === null ? null : parseArgon2Hash(stored);
  if (password.isWellFormed()) {
    if (isBcrypt) return verifyBcrypt(stored, password);
    if (argon2Hash !== null) return verifyArgon2id(argon2Hash, password, parameters);
  }
  hashDummy(password, parameters);
  return {
    matches: false,
    needsRehash: false,
    isMalformed: stored !== null && !isBcrypt && argon2Hash === null,
  };
}

function verifyArgon2id(hash: Argon2Hash, password: string, live: Argon2Parameters): PasswordCheck {
  const input = { password: passwordBytes(password), salt: hash.salt };
  const tag = argon2id(input, hash.parameters, hash.tag.length);
  const matches = isEqualConstantTime(tag, hash.tag);
  return { matches, needsRehash: matches && !isLike(hash, live), isMalformed: false };
}

/** The password is used as typed: the legacy system did not normalise it. bcrypt uses its first 72 bytes. */
async function verifyBcrypt(stored: string, password: string): Promise<PasswordCheck> {
  // Loaded on demand: 5.5 ms of start-up CPU that a service without legacy users never pays.
  const { compareSync } = await import('bcryptjs');
  const matches = compareSync(password, stored);
  return { matches, needsRehash: matches, isMalformed: false };
}

/** The work of a comparison, with nothing to compare. */
function hashDummy(password: string, parameters: Argon2Parameters): void {
  argon2id({ password: passwordBytes(password), salt: dummySalt }, parameters, tagBytes);
}

function isLike({ parameters, salt, tag }: Argon2Hash, live: Argon2Parameters): boolean {
  return (
    parameters.memoryKib === live.memoryKib &&
    parameters.passes === live.passes &&
    parameters.lanes === live.lanes &&
    salt.length === saltBytes &&
    tag.length === tagBytes
  );
}

function passwordBytes(password: string): Uint8Array {
  return new TextEncoder().encode(password.normalize('NFC'));
}
