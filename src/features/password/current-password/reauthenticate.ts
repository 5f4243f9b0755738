import type { Deps } from '../../../deps.ts';
import { type OwnerProof, withCurrentPassword } from '../../current-password/index.ts';
import { type IssuedTokens, issueRenewedTokens } from '../../sessions/index.ts';
import { renewCallerSession } from './queries.ts';

/**
 * Authenticates the caller again: the session gets a new id and a new time of authentication, and all its former
 * tokens are invalid. Its end does not move. Round trips: 2.
 * @throws AuthError as `withCurrentPassword`
 */
export async function reauthenticate(deps: Deps, proof: OwnerProof): Promise<IssuedTokens> {
  const { db, metadata, config } = deps;
  const renewal = {
    oldId: proof.caller.sessionId,
    newId: crypto.randomUUID(),
    provedBy: 'pwd',
    idleTtlSeconds: config.session.idleTtlSeconds,
  };
  const row = await withCurrentPassword(deps, proof, {
    run: (verified) => renewCallerSession(db, verified, renewal, metadata),
    gates: [],
    refusalType: 'authn_login_fail',
  });
  return issueRenewedTokens(deps, row);
}
