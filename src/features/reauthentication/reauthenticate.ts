import type { Deps } from '../../deps.ts';
import type { IssuedTokens } from '../../joints/issued-tokens.ts';
import type { CallerIds } from '../sessions/index.ts';

/**
 * Authenticates the caller again by the one proof in `proofs`: the session gets a new id and a new time of
 * authentication, and all its former tokens are invalid. Its end does not move. Round trips: 2.
 * @param proofs by the members of the methods
 * @throws AuthError as the method does: invalid_credentials, invalid_code, too_many_attempts, unauthenticated
 */
export async function reauthenticate(
  deps: Deps,
  caller: CallerIds,
  proofs: Readonly<Record<string, string | undefined>>,
): Promise<IssuedTokens> {
  const { reauthentications } = await deps.loadRules();
  for (const method of reauthentications) {
    const proof = method.member === null ? undefined : proofs[method.member];
    if (proof !== undefined && method.member !== null) return method.run(deps, caller, proof);
  }
  throw new TypeError('the schema lets exactly one proof through');
}
