import type { Deps } from '../deps.ts';
import type { IssuedTokens } from './issued-tokens.ts';

/** The account and the session behind the cookies of a browser. */
export interface VisitorIds {
  readonly userId: string;
  readonly sessionId: string;
}

/** How pages learn who visits them. The feature that owns sessions brings it in its manifest. */
export interface VisitorReader {
  /** Whether the session of a valid access token is live. Round trips: 1. */
  isLive(deps: Deps, visitor: VisitorIds): Promise<boolean>;
  /**
   * Who a refresh token of the cookie belongs to, without exchanging it: null where a refresh would refuse it, as an older
   * one, which is theft. Changes nothing. Round trips: 1; 0 for a forged one.
   */
  look(deps: Deps, refreshToken: string): Promise<VisitorIds | null>;
  /** Whether a refresh token was made here, which says nothing about its session. Round trips: 0. */
  isGenuine(deps: Deps, refreshToken: string): boolean;
  /** Exchanges it. Round trips: 1. @throws AuthError session_expired, refresh_token_reused */
  refresh(deps: Deps, refreshToken: string): Promise<IssuedTokens>;
}
