import type { SigningKeySet } from '../crypto/signing-keys.ts';
import {
  type AccessTokenClaims,
  type AccessTokenSettings,
  clockToleranceSeconds,
  type VerifiedToken,
  verifyTimedToken,
} from './access-token.ts';

/** How many tokens are remembered by default: about a megabyte, less than a hash of one password takes for a moment. */
const tokensMax = 1000;

/**
 * Verifies the access tokens of one key set, and remembers those that were valid: the signature of a token costs more
 * than everything else that a small request does, and a client presents the same token for minutes. The whole token is
 * the key, so that nothing but what was verified is ever found; it is found only while its own times allow it. Tokens of a
 * demo user are never remembered, and what is not valid is not either, so that nobody fills the memory without an account.
 *
 * It says nothing about the session, which the statement of every route asks for. It holds values alone, no promise (T26).
 */
export class VerifiedTokens {
  readonly #keySet: SigningKeySet;
  readonly #settings: AccessTokenSettings;
  readonly #max: number;
  /** The oldest first. */
  readonly #byToken = new Map<string, VerifiedToken>();

  constructor(keySet: SigningKeySet, settings: AccessTokenSettings, max = tokensMax) {
    this.#keySet = keySet;
    this.#settings = settings;
    this.#max = max;
  }

  /** Returns the claims of a valid token, or `null`, as `verifyAccessToken` does. Never throws for any text. */
  async verify(token: string, nowMs: number): Promise<AccessTokenClaims | null> {
    const known = this.recall(token, nowMs);
    if (known !== null) return known;
    const verified = await verifyTimedToken(this.#keySet, this.#settings, token, nowMs);
    if (verified === null) return null;
    this.#remember(token, verified);
    return verified.claims;
  }

  /** The claims of a token that was verified before and is valid still; `null` for every other. */
  recall(token: string, nowMs: number): AccessTokenClaims | null {
    const known = this.#byToken.get(token);
    if (known === undefined) return null;
    // As strict as the verification, whose answer counts where this one is null.
    const now = Math.floor(nowMs / 1000);
    const isTimely =
      now >= known.validFrom - clockToleranceSeconds && now < known.validUntil + clockToleranceSeconds;
    return isTimely ? known.claims : null;
  }

  #remember(token: string, verified: VerifiedToken): void {
    const [oldest] = this.#byToken.size < this.#max ? [] : this.#byToken.keys();
    if (oldest !== undefined) this.#byToken.delete(oldest);
    this.#byToken.set(token, verified);
  }
}
