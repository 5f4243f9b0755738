import type { Keyring } from '../../../crypto/keyring.ts';
import type { PendingCompletion } from '../../../joints/sign-in-completion.ts';
import { companionToken, type NewOneTimeToken, readOneTimeToken } from '../../one-time-tokens/index.ts';
import type { Transport } from '../../sessions/index.ts';

/** A sign-in that needs a second factor first: nothing is open yet. */
export interface Challenge {
  readonly outcome: 'challenge';
  /** For the body: with `transport: "cookie"` it is worth nothing without the cookie. */
  readonly token: string;
  /** For the cookie; null where the client asked for none. */
  readonly cookieToken: string | null;
  /** What the account accepts: `totp`. */
  readonly methods: readonly string[];
  /** Seconds until it expires. */
  readonly expiresIn: number;
}

/** A challenge as somebody presents it. Only the database knows whether it is still open. */
export interface PresentedChallenge {
  readonly kind: 'two_factor_challenge';
  /** SHA-256 in hexadecimal. */
  readonly hash: string;
  readonly isByCookie: boolean;
}

/** What the second step has to know of the first one, as the row of a challenge holds it. */
export interface FirstStep {
  /** How the user has shown who they are: `password`. */
  readonly method: string;
  /** For services (RFC 8176). */
  readonly amr: readonly string[];
  /** The transport that was asked for; null for both. With `cookie` the challenge is bound to its cookie. */
  readonly transport: Transport | null;
  /** What the sign-in does once it is complete; absent for nothing. */
  readonly completion?: PendingCompletion;
}

/** Builds the answer to somebody whose second factor must follow. */
export function challengeOf(
  keyring: Keyring,
  challenge: NewOneTimeToken,
  transport: Transport | undefined,
  methods: readonly string[],
): Challenge {
  const cookieToken = transport === 'body' ? null : companionToken(keyring, challenge, 'challenge_cookie');
  return {
    outcome: 'challenge',
    ...{ token: challenge.token, cookieToken, methods, expiresIn: challenge.ttlSeconds },
  };
}

/**
 * Checks a presented challenge without the database: that of the body, else that of the cookie, or both where they are the
 * same. Null when it is forged.
 */
export function readChallenge(
  keyring: Keyring,
  { body, cookie }: { readonly body: string | undefined; readonly cookie: string | null },
): PresentedChallenge | null {
  const byBody = body === undefined ? null : readOneTimeToken(keyring, ['two_factor_challenge'], body);
  const byCookie = cookie === null ? null : readOneTimeToken(keyring, ['challenge_cookie'], cookie);
  const hash = body === undefined ? byCookie?.hash : byBody?.hash;
  if (hash === undefined) return null;
  return { kind: 'two_factor_challenge', hash, isByCookie: byCookie?.hash === hash };
}
