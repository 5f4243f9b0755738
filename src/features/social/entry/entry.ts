import type { PendingCompletion } from '../../../joints/sign-in-completion.ts';
import type { NewOneTimeToken, PresentedOneTimeToken } from '../../one-time-tokens/index.ts';
import type { SignInOpening } from '../../sign-in/index.ts';

/** A state, or an ID token, that is used up by what it leads to. */
export type ConsumedOnce = PresentedOneTimeToken & { readonly ttlSeconds: number };

/** How a sign-in goes on once it is known whose account it is. */
export interface Entry {
  /** The session that it opens, or would open once an app has redeemed its code. */
  readonly opening: SignInOpening;
  /** The code that an app gets instead of a session; null where the session begins at once. */
  readonly code: AppCode | null;
  /** What the sign-in uses up. */
  readonly consumed: ConsumedOnce;
}

/** A code, and the verifier that it is for. */
export interface AppCode {
  readonly token: NewOneTimeToken;
  /** SHA-256 of the verifier in base64url (RFC 7636 section 4.2). */
  readonly codeChallenge: string;
}

/** What is stored with a code, for whoever redeems it. */
export interface CodeContent {
  readonly codeChallenge: string;
  /** How the user has shown who they are: the id of a provider. */
  readonly method: string;
  /** What the sign-in does once it is complete; absent for nothing. */
  readonly completion?: PendingCompletion;
}
