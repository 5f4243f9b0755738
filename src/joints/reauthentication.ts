import type * as z from 'zod/mini';
import type { Fragment } from '../db/sql.ts';
import type { IssuedTokens } from './issued-tokens.ts';

/**
 * A way in which a signed-in caller can authenticate again. A feature brings it in its manifest. What it does asks for `D`,
 * the dependencies of a flow.
 */
export type ReauthenticationMethod<D = never> = NamedMethod & (ProofMethod<D> | ElsewhereMethod<D>);

interface NamedMethod {
  /** As in the list of methods that would do: `totp`. */
  readonly name: string;
  /**
   * Whether the account has it: a boolean expression over a row `u` of users, never null. Null for a second factor, whose
   * methods the factor tells: where the account asks for one, nothing else makes a session recent (SES-19).
   */
  readonly isUsable: ((u: Fragment) => Fragment) | null;
}

/** One whose proof is a member of the request. */
export interface ProofMethod<D = never> {
  /** The member of the request that holds the proof: `code`. */
  readonly member: string;
  readonly schema: z.ZodMiniType<string>;
  /**
   * Checks the proof and gives the session its new id and a new time of authentication.
   * @throws AuthError as the feature declares
   */
  readonly run: (deps: D, caller: Ids, proof: string) => Promise<IssuedTokens>;
  /** Sends the caller the proof, where it is one that has to be sent. @throws AuthError as the feature declares */
  readonly send?: (deps: D, caller: Ids) => Promise<void>;
}

/** One that takes a visit elsewhere, and has routes of its own. */
export interface ElsewhereMethod<D = never> {
  readonly member: null;
  /** Where the caller can go. @throws AuthError unauthenticated */
  readonly ways: (deps: D, caller: Ids) => Promise<readonly Way[]>;
  /**
   * Begins the visit there.
   * @param redirectTo where it ends: a checked URL
   * @throws AuthError as the feature declares
   */
  readonly begin: (deps: D, caller: Ids, wayId: string, redirectTo: string) => Promise<Departing>;
}

/** A place where somebody can authenticate again. */
export interface Way {
  readonly id: string;
  /** As people know it. */
  readonly name: string;
}

/** A visit that has begun. */
export interface Departing {
  readonly url: string;
  readonly name: string;
  /** Sets what the browser must bring back. @param cookies the header of the request */
  readonly setCookies: (headers: Headers, cookies: string | null) => void;
}

interface Ids {
  readonly userId: string;
  readonly sessionId: string;
}
