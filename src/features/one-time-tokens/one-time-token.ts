import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { decodeBase64Url, encodeBase64Url } from '../../crypto/base64url.ts';
import { isMacValid, type Keyring, mac } from '../../crypto/keyring.ts';

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** The kinds of one-time tokens. The prefix is part of the token, the lifetime is in seconds. */
export const oneTimeTokenKinds = {
  /** Verifies the address of an account. */
  verify_email: { prefix: 'nxv_', ttlSeconds: day },
  /** Verifies the address of a pending registration. */
  confirm_registration: { prefix: 'nxg_', ttlSeconds: day },
  reset_password: { prefix: 'nxp_', ttlSeconds: hour },
  /** Gives an account the address that the token was sent to. */
  change_email: { prefix: 'nxe_', ttlSeconds: day },
  /** Restores the former address of an account. */
  revert_email: { prefix: 'nxb_', ttlSeconds: 7 * day },
  /** Reports a sign-in that was not the owner's. */
  not_me: { prefix: 'nxn_', ttlSeconds: 7 * day },
  /** Unlocks an account. */
  unlock: { prefix: 'nxu_', ttlSeconds: hour },
  /** Keeps two-factor although an operator resets it; it lives until that becomes effective. */
  keep_two_factor: { prefix: 'nxk_', ttlSeconds: day },
  /** The first half of a sign-in, for which a second factor must follow. */
  two_factor_challenge: { prefix: 'nxc_', ttlSeconds: 10 * minute },
  /** A challenge as the cookie has it. Stored as `two_factor_challenge`. */
  challenge_cookie: { prefix: 'nxh_', ttlSeconds: 10 * minute },
  /** The `state` of a visit to an identity provider. Stored once it comes back, as consumed. */
  oauth_state: { prefix: 'nxs_', ttlSeconds: 10 * minute },
  /** What an app gets of a sign-in at an identity provider, for the verifier that it alone has. */
  oauth_code: { prefix: 'nxo_', ttlSeconds: minute },
  /** Makes a session recent. Digits alone, which its reader types in: `src/features/email-code` makes them. */
  email_code: { prefix: '', ttlSeconds: 10 * minute },
} as const;

export type OneTimeTokenKind = keyof typeof oneTimeTokenKinds;

/** How long a token of the kind lives. */
export function oneTimeTokenTtlSeconds(kind: OneTimeTokenKind): number {
  return oneTimeTokenKinds[kind].ttlSeconds;
}

/** A new token, with what is stored of it. */
export interface NewOneTimeToken {
  readonly kind: OneTimeTokenKind;
  /** What its holder presents. Never stored in plain text. */
  readonly token: string;
  /** SHA-256 in hexadecimal; of a code, HMAC-SHA-256. */
  readonly hash: string;
  readonly ttlSeconds: number;
}

/** A presented token with a valid MAC. Only the database knows whether it can still be consumed. */
export type PresentedOneTimeToken = Pick<NewOneTimeToken, 'kind' | 'hash'>;

const secretBytes = 32;
const tagBytes = 32;

/**
 * Creates `nx?_` + base64url(256 random bits | HMAC-SHA-256 of kind and bits). Nobody without AUTH_SECRET can make
 * one, so that guesses end before the database; a copy of the database contains only hashes (SES-02, RST-02, EML-06).
 */
export function createOneTimeToken(keyring: Keyring, kind: OneTimeTokenKind): NewOneTimeToken {
  const secret = crypto.getRandomValues(new Uint8Array(secretBytes));
  const { ttlSeconds } = oneTimeTokenKinds[kind];
  return { kind, token: encode(keyring, kind, secret), hash: hashOf(secret), ttlSeconds };
}

/**
 * Creates the token of another kind with the same random bits, and so the same hash, as the one that is stored: who has
 * one of the two cannot make the other.
 */
export function companionToken(
  keyring: Keyring,
  { token, kind }: Pick<NewOneTimeToken, 'token' | 'kind'>,
  companion: OneTimeTokenKind,
): string {
  const bytes = decodeBase64Url(token.slice(oneTimeTokenKinds[kind].prefix.length));
  if (bytes === null) throw new TypeError('the token must be one of ours');
  return encode(keyring, companion, bytes.subarray(0, secretBytes));
}

function encode(keyring: Keyring, kind: OneTimeTokenKind, secret: Uint8Array): string {
  const bytes = new Uint8Array(secretBytes + tagBytes);
  bytes.set(secret);
  bytes.set(mac(keyring, 'one-time-token', macMessage(kind, secret)), secretBytes);
  return oneTimeTokenKinds[kind].prefix + encodeBase64Url(bytes);
}

/** Checks a presented token without the database; null when it is forged or of another kind. */
export function readOneTimeToken<K extends OneTimeTokenKind>(
  keyring: Keyring,
  accepted: readonly K[],
  token: string,
): (PresentedOneTimeToken & { readonly kind: K }) | null {
  const kind = accepted.find((candidate) => token.startsWith(oneTimeTokenKinds[candidate].prefix));
  const bytes =
    kind === undefined ? null : decodeBase64Url(token.slice(oneTimeTokenKinds[kind].prefix.length));
  if (kind === undefined || bytes?.length !== secretBytes + tagBytes) return null;
  const message = macMessage(kind, bytes.subarray(0, secretBytes));
  if (!isMacValid(keyring, 'one-time-token', message, bytes.subarray(secretBytes))) return null;
  return { kind, hash: hashOf(bytes) };
}

function macMessage(kind: OneTimeTokenKind, secret: Uint8Array): Uint8Array {
  const name = new TextEncoder().encode(`${kind}\0`);
  const message = new Uint8Array(name.length + secret.length);
  message.set(name);
  message.set(secret, name.length);
  return message;
}

/** The hash of the random bits alone: the MAC changes with AUTH_SECRET, and the token must stay the same one. */
function hashOf(bytes: Uint8Array): string {
  return bytesToHex(sha256(bytes.subarray(0, secretBytes)));
}
