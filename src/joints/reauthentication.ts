import type * as z from 'zod/mini';
import type { Fragment } from '../db/sql.ts';
import type { Deps } from '../deps.ts';
import type { IssuedTokens } from '../issued-tokens.ts';

/** A way in which a signed-in caller can authenticate again. A feature brings it in its manifest. */
export type ReauthenticationMethod = NamedMethod & (ProofMethod | ElsewhereMethod);

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
export interface ProofMethod {
  /** The member of the request that holds the proof: `code`. */
  readonly member: string;
  readonly schema: z.ZodMiniType<string>;
  /**
   * Checks the proof and gives the session its new id and a new time of authentication.
   * @throws AuthError as the feature declares
   */
  readonly run: (
    deps: Deps,
    caller: { readonly userId: string; readonly sessionId: string },
    proof: string,
  ) => Promise<IssuedTokens>;
}

/** One that has routes of its own. */
interface ElsewhereMethod {
  readonly member: null;
}
